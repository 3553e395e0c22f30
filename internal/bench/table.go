package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// samples are measurements of one thing.
type samples []float64

func (s *samples) add(value float64) { *s = append(*s, value) }

func (s samples) median() float64 { return s.quantile(0.5) }

// quantile is the value below which the share q of the samples lie.
func (s samples) quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ms(value float64) string {
	if value < 10 {
		return fmt.Sprintf("%.2f ms", value)
	}
	return fmt.Sprintf("%.0f ms", value)
}

func count(value float64) string { return fmt.Sprintf("%.0f", value) }

func ratio(value, base float64) string {
	if base == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", value/base)
}

// table is printed as Markdown.
type table struct {
	title string
	rows  [][]string
}

func newTable(title string, columns ...string) *table {
	return &table{title: title, rows: [][]string{columns}}
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "\n### %s\n\n", t.title)
	for i, cells := range t.rows {
		fmt.Fprintln(w, "| "+strings.Join(cells, " | ")+" |")
		if i == 0 {
			fmt.Fprintln(w, "|"+strings.Repeat(" --- |", len(cells)))
		}
	}
}
