// Command forward copies TCP connections from inherited listening sockets to targets.
//
//	forward FD=HOST:PORT ...
//
// The starter opens each socket on 127.0.0.1 of the host and passes its descriptor FD; forward itself
// runs in the cluster's network namespace, so HOST:PORT is dialled there. That is the only way in.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const dialTimeout = 5 * time.Second

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: forward FD=HOST:PORT ...")
	}
	for _, argument := range os.Args[1:] {
		listener, target, err := parse(argument)
		if err != nil {
			log.Fatalf("%s: %v", argument, err)
		}
		log.Printf("%s -> %s", listener.Addr(), target)
		go accept(listener, target)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}

// parse turns FD=HOST:PORT into the inherited listener and its target.
func parse(argument string) (net.Listener, string, error) {
	number, target, found := strings.Cut(argument, "=")
	if !found {
		return nil, "", fmt.Errorf("want FD=HOST:PORT")
	}
	fd, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return nil, "", fmt.Errorf("FD is not a number: %w", err)
	}
	if _, _, err := net.SplitHostPort(target); err != nil {
		return nil, "", err
	}
	file := os.NewFile(uintptr(fd), argument)
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, "", fmt.Errorf("FD is not a listening socket: %w", err)
	}
	return listener, target, file.Close()
}

// accept serves a listener for ever. A failed accept (too many open files, say) is retried:
// ending would cut the connections that still work.
func accept(listener net.Listener, target string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Printf("accept %s: %v", listener.Addr(), err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go join(client.(*net.TCPConn), target)
	}
}

// join copies both ways until both sides have said all; each side's end of stream is passed on.
func join(client *net.TCPConn, target string) {
	defer client.Close()
	dialled, err := net.DialTimeout("tcp", target, dialTimeout)
	if err != nil {
		log.Printf("dial %s: %v", target, err)
		return
	}
	server := dialled.(*net.TCPConn)
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { copyThenClose(server, client) })
	both.Go(func() { copyThenClose(client, server) })
	both.Wait()
}

func copyThenClose(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		// A half-broken pair would hang until the other side's keep-alive gives up.
		to.Close()
		from.Close()
		return
	}
	to.CloseWrite()
}
