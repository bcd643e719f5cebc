package main

import (
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Runs against the S3 server that AWS_ENDPOINT_URL names.
func TestABucketKeepsWholeSnapshotsAndReplacesNone(t *testing.T) {
	if os.Getenv("AWS_ENDPOINT_URL") == "" {
		t.Skip("AWS_ENDPOINT_URL: names no server")
	}
	ctx := t.Context()
	opened, err := storeConfig{Bucket: &bucketStore{Name: "snapshots", Region: "us-east-1", Prefix: "vault/"}}.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	bucket := opened.(*bucketStore)
	if _, err := bucket.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("snapshots")}); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.newest(ctx); code(err) != 3 {
		t.Errorf("an empty bucket: %v", err)
	}
	write := func(text string) func(*os.File) error {
		return func(file *os.File) error {
			_, err := file.WriteString(text)
			return err
		}
	}
	names := []string{"vault-20260102T000000Z.snap", "vault-20260101T000000Z.snap"}
	for _, name := range names {
		if err := bucket.save(ctx, name, write(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := bucket.save(ctx, names[0], write("other")); err == nil {
		t.Error("a snapshot was replaced")
	}
	broken := errors.New("cut off")
	if err := bucket.save(ctx, "vault-20260103T000000Z.snap", func(*os.File) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("an unfinished snapshot: %v", err)
	}
	newest, err := bucket.newest(ctx)
	if err != nil || newest != slices.Max(names) {
		t.Fatalf("newest is %q, %v", newest, err)
	}
	content, err := bucket.read(ctx, newest)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if text, _ := io.ReadAll(content); string(text) != newest {
		t.Errorf("read %q", text)
	}
}
