// Command sample is the service of the sample team: an HTTP server with probes, a JSON access log on
// standard output and a graceful end. It listens on $PORT (8080 if unset). GET /secret tells which secrets
// it has, never what is in them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// drain is how long a pod still serves after SIGTERM: endpoints are withdrawn at the same time as the
// signal is sent, so requests keep arriving for a moment.
const (
	drain = 2 * time.Second
	end   = 10 * time.Second
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	host, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	var draining atomic.Bool
	server := &http.Server{
		Addr:              ":" + port,
		Handler:           accessLog(routes(host, &draining)),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		<-stop.Done()
		draining.Store(true)
		time.Sleep(drain)
		bounded, release := context.WithTimeout(context.Background(), end)
		defer release()
		ended <- server.Shutdown(bounded)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
}

func routes(host string, draining *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from %s\n", host)
	})
	mux.HandleFunc("GET /secret", func(w http.ResponseWriter, _ *http.Request) {
		found, err := secrets(folder)
		if err != nil {
			log.Print(err)
			http.Error(w, "the secrets can't be read", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"secrets": found})
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if draining.Load() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(body []byte) (int, error) {
	written, err := r.ResponseWriter.Write(body)
	r.bytes += written
	return written, err
}

// accessLog writes one JSON line for each request; the query is left out because it may carry secrets.
func accessLog(next http.Handler) http.Handler {
	lines := json.NewEncoder(os.Stdout)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		lines.Encode(map[string]any{
			"time":    begin.UTC().Format(time.RFC3339Nano),
			"method":  r.Method,
			"path":    r.URL.Path,
			"status":  answer.status,
			"bytes":   answer.bytes,
			"seconds": time.Since(begin).Seconds(),
			"peer":    r.RemoteAddr,
		})
	})
}
