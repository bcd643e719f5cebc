package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// bucketStore keeps snapshots in S3, with the credentials of the pod's identity.
type bucketStore struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	// Prefix ends in `/`, or is empty.
	Prefix string `json:"prefix"`
	client *s3.Client
}

func (s *bucketStore) String() string { return "s3://" + s.Name + "/" + s.Prefix }

func (s *bucketStore) open(ctx context.Context) error {
	if s.Name == "" || s.Region == "" {
		return usageError("configuration: store: bucket: name and region are needed")
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(s.Region))
	if err != nil {
		return err
	}
	s.client = s3.NewFromConfig(loaded)
	return nil
}

func (s *bucketStore) save(ctx context.Context, name string, fill func(file *os.File) error) error {
	file, err := os.CreateTemp("", "snapshot-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := fill(file); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	// One request, so that there is either the whole object or none.
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.Name), Key: aws.String(s.Prefix + name), Body: file,
		// Names are unique to the second; an existing object is never replaced.
		IfNoneMatch: aws.String("*"),
	})
	return err
}

func (s *bucketStore) prune(context.Context) error { return nil }

func (s *bucketStore) newest(ctx context.Context) (string, error) {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
		Bucket: aws.String(s.Name), Prefix: aws.String(s.Prefix),
	})
	found := ""
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, object := range page.Contents {
			name := aws.ToString(object.Key)[len(s.Prefix):]
			if snapshotName.MatchString(name) && name > found {
				found = name
			}
		}
	}
	if found == "" {
		return "", decisionError(fmt.Sprintf("%s: holds no snapshot", s))
	}
	return found, nil
}

func (s *bucketStore) read(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.Name), Key: aws.String(s.Prefix + name)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s%s", s, name), err)
	}
	return object.Body, nil
}
