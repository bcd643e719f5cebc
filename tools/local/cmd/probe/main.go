// Command probe tries things out from inside a pod or the cluster's network namespace. Each
// subcommand prints one line and ends with 0 for "it works", 1 for "it does not", 2 for bad usage.
//
//	probe serve [--tcp :9000] [--http :8080]      echo servers, until SIGTERM
//	probe dial HOST:PORT [--timeout 2s]           connect; nothing is sent
//	probe get URL [--timeout 2s]                  HTTP GET; a status below 400 works
//	probe resolve NAME [--server IP:PORT] [--timeout 2s]
//	probe write FILE TEXT                         append a line and flush it to the disk
//	probe read FILE
//	probe sleep [DURATION]                        for ever without one; SIGTERM ends it
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

type command func(arguments []string) (string, error)

// usageError is a wrong call, as opposed to a thing that does not work.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	commands := map[string]command{
		"serve": serve, "dial": dial, "get": get, "resolve": resolve, "write": write, "read": read, "sleep": sleep,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: probe serve|dial|get|resolve|write|read|sleep ...")
		os.Exit(2)
	}
	line, err := commands[os.Args[1]](os.Args[2:])
	if wrong, ok := err.(usageError); ok {
		fmt.Fprintln(os.Stderr, wrong)
		os.Exit(2)
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(line)
}

// parse reads positional arguments and flags in any order and wants exactly the named positions.
func parse(flags *flag.FlagSet, arguments []string, names ...string) ([]string, error) {
	flags.SetOutput(io.Discard)
	var positions []string
	for len(arguments) > 0 {
		if err := flags.Parse(arguments); err != nil {
			return nil, usageError(fmt.Sprintf("probe %s: %v", flags.Name(), err))
		}
		arguments = flags.Args()
		if len(arguments) > 0 {
			positions, arguments = append(positions, arguments[0]), arguments[1:]
		}
	}
	if len(positions) != len(names) {
		return nil, usageError(fmt.Sprintf("usage: probe %s %s [flags]", flags.Name(), strings.Join(names, " ")))
	}
	return positions, nil
}

func untilStopped() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}

func serve(arguments []string) (string, error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	tcp := flags.String("tcp", ":9000", "address of the TCP echo")
	web := flags.String("http", ":8080", "address of the HTTP echo")
	if _, err := parse(flags, arguments); err != nil {
		return "", err
	}
	failed := make(chan error, 2)
	listener, err := net.Listen("tcp", *tcp)
	if err != nil {
		return "", err
	}
	go func() { failed <- echo(listener) }()
	server := &http.Server{Addr: *web, ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s\n", r.Method, r.URL.Path) })}
	go func() { failed <- server.ListenAndServe() }()
	stop, cancel := untilStopped()
	defer cancel()
	select {
	case err := <-failed:
		return "", err
	case <-stop.Done():
		return "stopped", nil
	}
}

func echo(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			io.Copy(connection, connection)
		}()
	}
}

func dial(arguments []string) (string, error) {
	flags := flag.NewFlagSet("dial", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "give up after")
	positions, err := parse(flags, arguments, "HOST:PORT")
	if err != nil {
		return "", err
	}
	connection, err := net.DialTimeout("tcp", positions[0], *timeout)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return fmt.Sprintf("connected to %s", connection.RemoteAddr()), nil
}

func get(arguments []string) (string, error) {
	flags := flag.NewFlagSet("get", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "give up after")
	positions, err := parse(flags, arguments, "URL")
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: *timeout}
	answer, err := client.Get(positions[0])
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	first, _ := bufio.NewReader(io.LimitReader(answer.Body, 4096)).ReadString('\n')
	line := fmt.Sprintf("%d %s", answer.StatusCode, strings.TrimSpace(first))
	if answer.StatusCode >= 400 {
		return "", fmt.Errorf("%s", line)
	}
	return line, nil
}

func resolve(arguments []string) (string, error) {
	flags := flag.NewFlagSet("resolve", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "give up after")
	server := flags.String("server", "", "IP:PORT to ask instead of /etc/resolv.conf's")
	positions, err := parse(flags, arguments, "NAME")
	if err != nil {
		return "", err
	}
	resolver := &net.Resolver{PreferGo: true}
	if *server != "" {
		resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, *server)
		}
	}
	bounded, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	addresses, err := resolver.LookupHost(bounded, positions[0])
	if err != nil {
		return "", err
	}
	return strings.Join(addresses, " "), nil
}

func write(arguments []string) (string, error) {
	flags := flag.NewFlagSet("write", flag.ContinueOnError)
	positions, err := parse(flags, arguments, "FILE", "TEXT")
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(positions[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, positions[1]); err != nil {
		return "", err
	}
	return "written", file.Sync()
}

func read(arguments []string) (string, error) {
	flags := flag.NewFlagSet("read", flag.ContinueOnError)
	positions, err := parse(flags, arguments, "FILE")
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(positions[0])
	return strings.TrimSpace(string(content)), err
}

func sleep(arguments []string) (string, error) {
	stop, cancel := untilStopped()
	defer cancel()
	if len(arguments) == 0 {
		<-stop.Done()
		return "stopped", nil
	}
	length, err := time.ParseDuration(arguments[0])
	if err != nil {
		return "", usageError("usage: probe sleep [DURATION]")
	}
	select {
	case <-time.After(length):
	case <-stop.Done():
	}
	return "done", nil
}
