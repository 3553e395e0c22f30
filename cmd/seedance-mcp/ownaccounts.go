package main

import (
	"context"
	"io"
	"time"

	"seedance-mcp/internal/accounts"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

func setMasterKey(s *settings, v string) error {
	master, err := accounts.ParseMaster(v)
	s.master = master
	return err
}

// newBook opens principals' own accounts at the address of this process.
func (a *app) newBook() *accounts.Book[*upstream.Client] {
	return &accounts.Book[*upstream.Client]{
		Rows: a.accountRows, Master: a.settings.master, Now: time.Now, Log: a.log,
		Fingerprint: func(apiKey string) string {
			return fingerprint(a.settings.apiURL, string(a.settings.dialect), apiKey)
		},
		Make: func(apiKey string) (*upstream.Client, error) {
			config := a.upstreamConfig()
			config.APIKey = apiKey
			return upstream.New(config)
		},
	}
}

// upstreamConfig is how the upstream is spoken to, whoever pays.
func (a *app) upstreamConfig() upstream.Config {
	s := a.settings
	return upstream.Config{
		BaseURL: s.apiURL, Dialect: s.dialect, APIKey: s.apiKey, Logger: a.log,
		ModelName: func(name string) string { return a.catalog.FromUpstream(s.dialect, name) },
	}
}

// accountRows are nil while nothing was ever stored.
func (a *app) accountRows(ctx context.Context) (accounts.Rows, error) {
	if !a.settings.storeExists() {
		return nil, nil
	}
	opened, err := a.store.open(ctx)
	if err != nil {
		return nil, err // a nil *store.Store in the interface would not be nil
	}
	return opened, nil
}

// ownAccounts are the book as the engine knows it.
type ownAccounts struct{ a *app }

// Own refuses whoever has an account while the sandbox stands in for all: its
// videos are not what that caller ordered.
func (o ownAccounts) Own(ctx context.Context, principal string) (fingerprint string, has bool, err error) {
	if principal == localPrincipal {
		return "", false, nil
	}
	fingerprint, has, err = o.a.book.Own(ctx, principal)
	if err == nil && has && o.a.sandbox != nil {
		err = &video.Error{
			Code:       video.Unavailable,
			Message:    "You have an account of your own at the video service, but this server runs on the sandbox.",
			Suggestion: "Nothing was made or charged. Tell the server's owner to set SEEDANCE_API_KEY, or to take the account away (seedance-mcp accounts remove).",
		}
	}
	return fingerprint, has, err
}

func (o ownAccounts) Upstream(ctx context.Context, fingerprint string) (engine.Upstream, error) {
	client, err := o.a.book.Upstream(ctx, fingerprint)
	if err != nil {
		return nil, err // a nil client in the interface would not be nil
	}
	return o.a.seen.Upstream(client), nil
}

func (o ownAccounts) Busy(ctx context.Context) []string {
	if o.a.sandbox != nil {
		return nil
	}
	return o.a.book.Busy(ctx)
}

// payersUploads puts a caller's files where its own account may.
type payersUploads struct{ a *app }

func (p payersUploads) Upload(ctx context.Context, name, contentType string, size int64, body io.Reader) (string, error) {
	client := p.a.client
	fingerprint, has, err := ownAccounts(p).Own(ctx, tools.Principal(ctx))
	if err == nil && has {
		client, err = p.a.book.Upstream(ctx, fingerprint)
	}
	if err != nil {
		return "", err
	}
	return client.Upload(ctx, name, contentType, size, body)
}
