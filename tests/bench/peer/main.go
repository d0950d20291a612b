// SPDX-License-Identifier: Apache-2.0

// "What an expert would write": net/http + pgx CopyFrom into a temp staging
// table + INSERT .. ON CONFLICT DO UPDATE per batch.
//   gopeer -accounts 10 [-resource contacts] [-batch 5000] [-dbconns 4] [-changed]
// One goroutine per account pulls its pages (next page is requested while the
// batch before is written), a shared pool writes.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type rec struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Email     string          `json:"email"`
	Status    string          `json:"status"`
	Amount    float64         `json:"amount"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Address   json.RawMessage `json:"address"`
	Tags      json.RawMessage `json:"tags"`
	Notes     string          `json:"notes"`
}
type page struct {
	Data []rec   `json:"data"`
	Next *string `json:"next_cursor"`
}

var (
	base     = flag.String("url", "http://127.0.0.1:8900", "")
	dsn      = flag.String("dsn", "postgres://postgres@127.0.0.1:55432/peer", "")
	accounts = flag.Int("accounts", 10, "")
	resource = flag.String("resource", "contacts", "")
	table    = flag.String("table", "contacts", "")
	batch    = flag.Int("batch", 5000, "")
	dbconns  = flag.Int("dbconns", 4, "")
	limit    = flag.Int("limit", 100, "")
	changed  = flag.Bool("changed", false, "update only rows that differ")
)

var cols = []string{"id", "account", "name", "email", "status", "amount", "created_at", "updated_at", "address", "tags", "notes"}
var nrec, npage atomic.Int64

func fetch(ctx context.Context, hc *http.Client, acct int, cur string) (*page, error) {
	u := fmt.Sprintf("%s/v1/accounts/%d/%s?limit=%d", *base, acct, *resource, *limit)
	if cur != "" {
		u += "&cursor=" + cur
	}
	for try := 0; ; try++ {
		rq, _ := http.NewRequestWithContext(ctx, "GET", u, nil)
		rq.Header.Set("Authorization", "Bearer perf-token")
		rs, err := hc.Do(rq)
		if err != nil {
			if try < 5 {
				time.Sleep(time.Second)
				continue
			}
			return nil, err
		}
		b, err := io.ReadAll(rs.Body)
		rs.Body.Close()
		if err != nil {
			return nil, err
		}
		if rs.StatusCode == 429 || rs.StatusCode >= 500 {
			s, _ := strconv.Atoi(rs.Header.Get("Retry-After"))
			time.Sleep(time.Duration(max(s, 1)) * time.Second)
			continue
		}
		if rs.StatusCode != 200 {
			return nil, fmt.Errorf("%s: %s", u, rs.Status)
		}
		p := new(page)
		if err := json.Unmarshal(b, p); err != nil {
			return nil, err
		}
		npage.Add(1)
		return p, nil
	}
}

func write(ctx context.Context, db *pgxpool.Pool, acct int, rs []rec) error {
	c, err := db.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err = tx.CopyFrom(ctx, pgx.Identifier{"stage"}, cols, pgx.CopyFromSlice(len(rs), func(i int) ([]any, error) {
		r := &rs[i]
		return []any{r.ID, acct, r.Name, r.Email, r.Status, r.Amount, r.CreatedAt, r.UpdatedAt, r.Address, r.Tags, r.Notes}, nil
	})); err != nil {
		return err
	}
	q := "INSERT INTO " + *table + " SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET account=excluded.account,name=excluded.name,email=excluded.email,status=excluded.status,amount=excluded.amount,created_at=excluded.created_at,updated_at=excluded.updated_at,address=excluded.address,tags=excluded.tags,notes=excluded.notes"
	if *changed {
		q += " WHERE (" + *table + ".*) IS DISTINCT FROM (excluded.*)"
	}
	if _, err = tx.Exec(ctx, q); err != nil {
		return err
	}
	nrec.Add(int64(len(rs)))
	return tx.Commit(ctx)
}

func sync1(ctx context.Context, hc *http.Client, db *pgxpool.Pool, acct int) error {
	ch := make(chan []rec, 1)
	errc := make(chan error, 1)
	go func() {
		defer close(ch)
		var buf []rec
		cur := ""
		for {
			p, err := fetch(ctx, hc, acct, cur)
			if err != nil {
				errc <- err
				return
			}
			buf = append(buf, p.Data...)
			if len(buf) >= *batch || p.Next == nil {
				ch <- buf
				buf = nil
			}
			if p.Next == nil {
				return
			}
			cur = *p.Next
		}
	}()
	for b := range ch {
		if err := write(ctx, db, acct, b); err != nil {
			return err
		}
	}
	select {
	case err := <-errc:
		return err
	default:
		return nil
	}
}

func main() {
	flag.Parse()
	ctx := context.Background()
	cfg, err := pgxpool.ParseConfig(*dsn)
	if err != nil {
		log.Fatal(err)
	}
	cfg.MaxConns = int32(*dbconns)
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "CREATE TEMP TABLE stage (LIKE "+*table+") ON COMMIT DELETE ROWS")
		return err
	}
	c0, err := pgx.Connect(ctx, *dsn)
	if err != nil {
		log.Fatal(err)
	}
	if _, err = c0.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+*table+" (id text PRIMARY KEY, account int, name text, email text, status text, amount double precision, created_at timestamptz, updated_at timestamptz, address jsonb, tags jsonb, notes text)"); err != nil {
		log.Fatal(err)
	}
	c0.Close(ctx)
	db, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	hc := &http.Client{Transport: &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: *accounts, MaxConnsPerHost: 0, IdleConnTimeout: time.Minute}, Timeout: 60 * time.Second}
	t0 := time.Now()
	var wg sync.WaitGroup
	var bad atomic.Int64
	for a := 1; a <= *accounts; a++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := sync1(ctx, hc, db, a); err != nil {
				bad.Add(1)
				log.Print(err)
			}
		}()
	}
	wg.Wait()
	d := time.Since(t0).Seconds()
	fmt.Fprintf(os.Stderr, "records=%d pages=%d failed=%d in %.2fs = %.0f rec/s\n", nrec.Load(), npage.Load(), bad.Load(), d, float64(nrec.Load())/d)
	if bad.Load() > 0 {
		os.Exit(1)
	}
}
