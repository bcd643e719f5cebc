package main

import (
	"context"
	"maps"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// cluster is what the program may do in its own namespace; the service account's role has no more.
type cluster struct {
	client    kubernetes.Interface
	namespace string
	labels    map[string]string
}

// inCluster returns the cluster that the pod runs in.
func inCluster(namespace string, labels map[string]string) (*cluster, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &cluster{client: client, namespace: namespace, labels: labels}, nil
}

// secret returns a Secret, nil if there is none.
func (c *cluster) secret(ctx context.Context, name string) (*core.Secret, error) {
	var found *core.Secret
	err := patiently(ctx, "Secret "+name, func() (bool, error) {
		got, err := c.client.CoreV1().Secrets(c.namespace).Get(ctx, name, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		found = got
		return err == nil, transient(err)
	})
	return found, err
}

// createSecret makes a Secret that must not exist yet: of two that try, one fails.
func (c *cluster) createSecret(ctx context.Context, name string, kind core.SecretType, data map[string][]byte) error {
	made := &core.Secret{ObjectMeta: c.metadata(name), Type: kind, Data: data}
	_, err := c.client.CoreV1().Secrets(c.namespace).Create(ctx, made, meta.CreateOptions{})
	return err
}

// replaceSecret changes a Secret as it was read: who read an older one fails.
func (c *cluster) replaceSecret(ctx context.Context, read *core.Secret, data map[string][]byte) (*core.Secret, error) {
	changed := read.DeepCopy()
	changed.Data = data
	return c.client.CoreV1().Secrets(c.namespace).Update(ctx, changed, meta.UpdateOptions{})
}

// publish writes a ConfigMap unless it already says the same; it tells whether it did.
func (c *cluster) publish(ctx context.Context, name string, data map[string]string) (bool, error) {
	configured := c.client.CoreV1().ConfigMaps(c.namespace)
	found, err := configured.Get(ctx, name, meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = configured.Create(ctx, &core.ConfigMap{ObjectMeta: c.metadata(name), Data: data}, meta.CreateOptions{})
		return err == nil, err
	}
	if err != nil || maps.Equal(found.Data, data) {
		return false, err
	}
	found.Data = data
	_, err = configured.Update(ctx, found, meta.UpdateOptions{})
	return err == nil, err
}

// metadata labels an object as the platform's, and as this program's: Pulumi knows nothing of it.
func (c *cluster) metadata(name string) meta.ObjectMeta {
	labels := maps.Clone(c.labels)
	if _, labelled := labels[managedBy]; labelled {
		labels[managedBy] = "vault-bootstrap"
	}
	return meta.ObjectMeta{Name: name, Namespace: c.namespace, Labels: labels}
}

// managedBy is Kubernetes' recommended label.
const managedBy = "app.kubernetes.io/managed-by"

// transient lets a failure that may pass be tried again, and returns any other.
func transient(err error) error {
	if err == nil || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsInvalid(err) {
		return err
	}
	return retry{err}
}
