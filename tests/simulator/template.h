// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Records as text with holes of fixed width, so that making one is a copy and a few patches: a page of 100
 * costs microseconds. In a source text, ~ and a letter is a hole; the letters are in template.c's SLOTS.
 */
#include "base/base.h"
#include "base/buf.h"
#include "account.h"

struct template;

/* What the holes of one record are filled from. */
struct facts {
	const struct account *account;
	char kind; /* which id space: 'c' contacts, 'm' matters, 't' tasks, 'a' accounts */
	uint64_t i;
	struct times times;
};

/* A bank of `count` texts, each made by `write` with random numbers from *rng. */
struct template_bank;
struct template_bank *template_bank_new(
    size_t count, uint64_t seed, void (*write)(struct buf *ret, uint64_t *rng));
void template_bank_free(struct template_bank *bank);
/* Appends text `which` (modulo the bank's size) with its holes filled. */
void template_fill(
    const struct template_bank *bank, uint64_t which, const struct facts *facts, struct buf *ret);

/* Whether a text holds these words, its holes apart. */
bool template_holds(const struct template_bank *bank, uint64_t which, const char *words);

/* 2026-11-18T16:36:40+05:30: the account's local time, 25 characters, no NUL. */
void template_local_time(const struct account *account, int64_t unix_s, char *ret);

/* The facts of record i. */
struct facts facts_of(const struct account *account, const struct resource *resource, char kind, uint64_t i);
/* A UUID (version 4 in form) that sorts by index; 36 characters, no NUL. */
void facts_uuid(const struct account *account, char kind, uint64_t i, char *ret);

/* splitmix64: https://prng.di.unimi.it/splitmix64.c */
uint64_t random_next(uint64_t *state);
/* 0 .. n-1 */
unsigned random_below(uint64_t *state, unsigned n);
/* A well mixed function of its argument. */
uint64_t mix(uint64_t x);
