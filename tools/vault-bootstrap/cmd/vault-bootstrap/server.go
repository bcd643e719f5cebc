package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hashicorp/vault/api"
)

// connect returns a client of one server, which trusts nothing but the CA in `authority`.
func connect(address, authority string) (*api.Client, error) {
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, config.Error
	}
	config.Address = address
	config.Timeout = 30 * time.Second
	// What is retried, and for how long, is decided by who asks.
	config.MaxRetries = 0
	if err := config.ConfigureTLS(&api.TLSConfig{CACert: authority}); err != nil {
		return nil, usageError(err.Error())
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, err
	}
	// Nothing of the surroundings: VAULT_TOKEN, VAULT_NAMESPACE.
	client.ClearToken()
	client.ClearNamespace()
	return client, nil
}

// connectAll returns a client for each address, in the same order.
func connectAll(addresses []string, authority string) ([]*api.Client, error) {
	if len(addresses) == 0 {
		return nil, usageError("configuration: addresses: at least one is needed")
	}
	clients := make([]*api.Client, 0, len(addresses))
	for _, address := range addresses {
		client, err := connect(address, authority)
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

// anyInitialised waits until every server answers, and tells whether one of them is initialised. Asking all of them
// keeps a replica that lost its volume from being taken for a new Vault.
func anyInitialised(ctx context.Context, servers []*api.Client) (bool, error) {
	found := false
	for _, server := range servers {
		err := patiently(ctx, server.Address()+": answer", func() (bool, error) {
			initialised, err := server.Sys().InitStatusWithContext(ctx)
			if err != nil {
				return false, retry{err}
			}
			found = found || initialised
			return true, nil
		})
		if err != nil {
			return false, err
		}
	}
	return found, nil
}

// usable waits until one of the servers is unsealed and knows a leader, and returns it; a standby forwards.
func usable(ctx context.Context, servers []*api.Client) (*api.Client, error) {
	var found *api.Client
	err := patiently(ctx, "an unsealed server with a leader", func() (bool, error) {
		var last error
		for _, server := range servers {
			// Sealed or without a leader is an error here, with its status.
			leader, err := server.Sys().LeaderWithContext(ctx)
			if err == nil && leader.LeaderAddress != "" {
				found = server
				return true, nil
			}
			last = err
		}
		if last == nil {
			return false, nil
		}
		return false, retry{last}
	})
	return found, err
}

// active waits for a leader and returns a client of it; of snapshots a standby only says where it is.
func active(ctx context.Context, servers []*api.Client, authority string) (*api.Client, error) {
	server, err := usable(ctx, servers)
	if err != nil {
		return nil, err
	}
	leader, err := server.Sys().LeaderWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return connect(leader.LeaderAddress, authority)
}

// refused tells whether Vault does not know the token or does not allow it this.
func refused(err error) bool {
	var response *api.ResponseError
	return errors.As(err, &response) && response.StatusCode == http.StatusForbidden
}

// passing lets answers of a server that has just become the leader be tried again.
func passing(err error) error {
	var response *api.ResponseError
	if err == nil || (errors.As(err, &response) && response.StatusCode < http.StatusInternalServerError) {
		return err
	}
	return retry{err}
}

// revokeRoot revokes a token and proves that it is gone.
func revokeRoot(ctx context.Context, server *api.Client) error {
	err := patiently(ctx, "revoke the root token", func() (bool, error) {
		err := server.Auth().Token().RevokeSelfWithContext(ctx, "")
		if refused(err) {
			return true, nil
		}
		return err == nil, passing(err)
	})
	if err != nil {
		return err
	}
	return patiently(ctx, "the root token's end", func() (bool, error) {
		_, err := server.Auth().Token().LookupSelfWithContext(ctx)
		if err == nil {
			return false, errors.New("the root token still works after it was revoked")
		}
		return refused(err), passingUnlessRefused(err)
	})
}

func passingUnlessRefused(err error) error {
	if refused(err) {
		return nil
	}
	return passing(err)
}
