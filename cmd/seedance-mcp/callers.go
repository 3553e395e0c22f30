package main

import (
	"context"
	"errors"

	"seedance-mcp/internal/access"
	"seedance-mcp/internal/engine"
)

// What access keys mean to the rest of the program.

// keysExist says that an access key was ever made, without leaving a store
// behind where there was none.
func keysExist(ctx context.Context, s settings) (bool, error) {
	a := &app{settings: s, store: s.newStore()}
	keys, err := a.keys(ctx)
	if err != nil || keys == nil {
		return false, err
	}
	exist, err := keys.HasKeys(ctx)
	return exist, errors.Join(err, a.store.close())
}

// keys are the access keys, nil while nothing was ever stored.
func (a *app) keys(ctx context.Context) (access.Keys, error) {
	if !a.store.isOpen() && !a.settings.storeExists() {
		return nil, nil
	}
	opened, err := a.store.open(ctx)
	if err != nil {
		return nil, err // a nil *store.Store in the interface would not be nil
	}
	return opened, nil
}

// budgetsOf are the principal's own: its key's, and what every principal has
// where the key says nothing.
func (a *app) budgetsOf(ctx context.Context, principal string) (engine.Budgets, error) {
	own := engine.Budgets{PerDay: a.settings.eachDay, PerMonth: a.settings.eachMonth}
	key, found, err := a.callers.KeyOf(ctx, principal)
	if err != nil || !found {
		return own, err
	}
	if key.Daily != nil {
		own.PerDay = key.Daily
	}
	if key.Monthly != nil {
		own.PerMonth = key.Monthly
	}
	return own, nil
}

// modelsOf are those that the principal's key allows; none: all.
func (a *app) modelsOf(ctx context.Context, principal string) ([]string, error) {
	key, _, err := a.callers.KeyOf(ctx, principal)
	return key.Models, err
}
