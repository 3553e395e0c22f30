package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// ownBudgets are those of each principal.
func ownBudgets(of map[string]engine.Budgets) func(*engine.Options) {
	return func(o *engine.Options) {
		o.BudgetsOf = func(_ context.Context, principal string) (engine.Budgets, error) { return of[principal], nil }
	}
}

func TestOwnBudgetRefusesInWordsThatTellWhose(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) { o.Budgets.PerDay = limit("700") }, ownBudgets(map[string]engine.Budgets{
			alice: {PerDay: limit("300")}, bob: {PerTask: limit("199"), PerMonth: limit("10000")},
		}))
		submit := func(principal, prompt string) string {
			t.Helper()
			_, err := e.Submit(context.Background(), principal, ask(prompt))
			wantCode(t, err, video.BudgetExceeded)
			return err.Error()
		}
		mustSubmit(t, e, alice, ask("a"))
		if got := submit(alice, "b"); !strings.Contains(got, "your own daily budget leaves 100 until it starts anew at 2026-11-26 00:00 UTC") {
			t.Errorf("alice is told %q", got)
		}
		if got := submit(bob, "c"); !strings.Contains(got, "your own budget per video allows 199") {
			t.Errorf("bob is told %q", got)
		}
		for _, prompt := range []string{"d", "e"} {
			mustSubmit(t, e, "carol", ask(prompt))
		}
		got := submit("carol", "f")
		if !strings.Contains(got, "the overall daily budget leaves 100 until") || strings.Contains(got, "700") {
			t.Errorf("carol is told %q", got)
		}
		time.Sleep(24 * time.Hour)
		mustSubmit(t, e, alice, ask("b"))
	})
}

// What the others spent shows to whoever runs the program, and to nobody else.
func TestOverallBudgetShowsOnlyWhatIsLeft(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) { o.Budgets = engine.Budgets{PerTask: limit("500"), PerMonth: limit("5000")} },
			ownBudgets(map[string]engine.Budgets{alice: {PerDay: limit("1000")}}))
		mustSubmit(t, e, alice, ask("a"))
		mustSubmit(t, e, bob, ask("b"))
		for principal, want := range map[string][]string{
			alice:                 {"own day 800 1000 0 200", "overall task 500 500 - -", "overall month 4600 - - -"},
			bob:                   {"overall task 500 500 - -", "overall month 4600 - - -"},
			engine.LocalPrincipal: {"overall task 500 500 - -", "overall month 4600 5000 0 400"},
		} {
			usage, err := e.Usage(context.Background(), principal, time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			quotation, err := e.Quote(context.Background(), principal, ask("c"))
			if err != nil {
				t.Fatal(err)
			}
			for place, budgets := range map[string][]engine.BudgetLeft{"usage": usage.Budgets, "quote": quotation.Budgets} {
				var got []string
				for _, b := range budgets {
					got = append(got, fmt.Sprint(b.Scope, " ", b.Name, " ", b.Left, " ", orDash(b.Limit), " ", orDash(b.Spent), " ", orDash(b.Reserved)))
					if b.Name == "month" && !b.ResetsAt.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
						t.Errorf("the month ends at %s", b.ResetsAt)
					}
				}
				if strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s of %s: %q, want %q", place, principal, got, want)
				}
			}
		}
	})
}

func orDash(c *video.Credits) string {
	if c == nil {
		return "-"
	}
	return c.String()
}

// Who may spend how much is not known: then nothing is spent.
func TestUnknownBudgetsRefuse(t *testing.T) {
	inWorld(t, func(w *world) {
		broken := errors.New("the keys cannot be read")
		e := w.start(func(o *engine.Options) {
			o.BudgetsOf = func(context.Context, string) (engine.Budgets, error) { return engine.Budgets{}, broken }
		})
		if _, err := e.Submit(context.Background(), alice, ask("a")); !errors.Is(err, broken) {
			t.Errorf("submit: %v", err)
		}
		if n := len(w.sandbox.Books().Entries); n != 0 {
			t.Errorf("posted %d times", n)
		}
	})
}

// Random wishes of several principals at the same instant, through two
// processes, days on end, refunds among them: no budget of anybody is ever
// overshot. The day's wishes are always more than the overall budget.
func TestNoBudgetIsEverOvershot(t *testing.T) {
	for range 6 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			inWorldOf(t, sandbox.Options{Limit: 1000}, func(w *world) {
				rng := rand.New(rand.NewPCG(seed, 2))
				some := func(most int) *video.Credits { return new(video.WholeCredits(int64(200 + rng.IntN(most)))) }
				principals := []string{alice, bob, "carol", engine.LocalPrincipal}
				overall := engine.Budgets{PerDay: some(3000), PerMonth: some(8000)}
				own := map[string]engine.Budgets{
					alice: {PerDay: some(1000)}, bob: {PerDay: some(1500), PerMonth: some(2000)}, "carol": {PerTask: some(200), PerMonth: some(3000)},
				}
				budget := func(o *engine.Options) { o.Budgets = overall }
				var refused atomic.Int64
				for day := range 4 {
					engines := []*engine.Engine{w.start(budget, ownBudgets(own)), w.start(budget, ownBudgets(own))}
					var callers sync.WaitGroup
					for i := range 24 {
						who, e := principals[rng.IntN(len(principals))], engines[rng.IntN(2)]
						wish := engine.Wish{Ask: askOf(fmt.Sprint("wish ", day, " ", i), fmt.Sprint([]int{5, 10, 15}[rng.IntN(3)]))}
						if rng.IntN(5) == 0 {
							wish.Ask.Prompt += " [sandbox:fail-server]"
						}
						callers.Go(func() {
							_, err := e.Submit(context.Background(), who, wish)
							switch video.CodeOf(err) {
							case "":
							case video.BudgetExceeded:
								refused.Add(1)
							default:
								t.Errorf("submit: %v", err)
							}
						})
					}
					callers.Wait()
					checkBudgets(t, w, overall, own)
					time.Sleep(time.Minute)
					checkBudgets(t, w, overall, own)
					for _, e := range engines { // nobody need live through the day
						if err := e.Close(context.Background()); err != nil {
							t.Error(err)
						}
					}
					time.Sleep(time.Duration(1+rng.IntN(30)) * time.Hour)
				}
				if refused.Load() == 0 {
					t.Error("nothing was refused")
				}
			})
		})
	}
}

func checkBudgets(t *testing.T, w *world, overall engine.Budgets, own map[string]engine.Budgets) {
	t.Helper()
	tasks, err := store.Open(context.Background(), w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tasks.Close() }()
	now := time.Now().UTC()
	day := now.Truncate(24 * time.Hour)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	within := func(who string, since time.Time, limit *video.Credits) {
		charged, reserved, err := tasks.Spent(context.Background(), who, since, false)
		if err != nil {
			t.Fatal(err)
		}
		if limit != nil && charged+reserved > *limit {
			t.Errorf("%q spent %s and reserved %s of %s since %s", who, charged, reserved, limit, since)
		}
	}
	within("", day, overall.PerDay)
	within("", month, overall.PerMonth)
	for who, budgets := range own {
		within(who, day, budgets.PerDay)
		within(who, month, budgets.PerMonth)
	}
}
