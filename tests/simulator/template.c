// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "highlevel.h"
#include "template.h"
#include "zoho.h"

#define SLOTS_MAX 16
#define TEXT_MAX 8192
#define UUID_TEXT 36
#define SECONDS_PER_DAY 86400

struct slot {
	uint16_t at;
	uint16_t kind; /* index into SLOTS */
};

struct template
{
	char *text;
	size_t n;
	size_t slot_count;
	struct slot slots[SLOTS_MAX];
};

struct template_bank {
	size_t count;
	struct template texts[];
};

uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t random_next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

unsigned random_below(uint64_t *state, unsigned n)
{
	return (unsigned)(random_next(state) % n);
}

static void put_number(char *at, size_t width, uint64_t value)
{
	while (width--) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

void facts_uuid(const struct account *account, char kind, uint64_t i, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t high = mix(account->salt ^ (uint64_t)(unsigned char)kind << 56 ^ i);
	uint64_t low = mix(high + i);
	size_t at = 0;

	high = (high & UINT64_C(0xfffff0fff)) | i << 36 |
	       UINT64_C(0x4000); /* index, then chance; version 4 */
	low = (low & UINT64_C(0x3fffffffffffffff)) | UINT64_C(0x8000000000000000);
	for (int nibble = 15; nibble >= 0; nibble--) {
		ret[at++] = digits[high >> (nibble * 4) & 15];
		if (nibble == 8 || nibble == 4 || nibble == 0)
			ret[at++] = '-';
	}
	for (int nibble = 15; nibble >= 0; nibble--) {
		ret[at++] = digits[low >> (nibble * 4) & 15];
		if (nibble == 12)
			ret[at++] = '-';
	}
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days; years from 1970 on. */
static void put_time(char *at, int64_t unix_s)
{
	uint64_t s = (uint64_t)unix_s % SECONDS_PER_DAY;
	uint64_t z = (uint64_t)unix_s / SECONDS_PER_DAY + 719468;
	uint64_t doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153;
	uint64_t month = mp < 10 ? mp + 3 : mp - 9;

	static const struct str form = {"0000-00-00T00:00:00", 19};

	memcpy(at, form.p, form.n);
	put_number(at, 4, yoe + z / 146097 * 400 + (month <= 2));
	put_number(at + 5, 2, month);
	put_number(at + 8, 2, doy - (153 * mp + 2) / 5 + 1);
	put_number(at + 11, 2, s / 3600);
	put_number(at + 14, 2, s / 60 % 60);
	put_number(at + 17, 2, s % 60);
}

static void put_id(const struct facts *f, char *at)
{
	facts_uuid(f->account, f->kind, f->i, at);
}

static void put_account_ref(const struct facts *f, char *at)
{
	facts_uuid(f->account, 'a', f->i / 3, at);
}

static void put_matter_ref(const struct facts *f, char *at)
{
	facts_uuid(f->account, 'm', f->i / 4, at);
}

static void put_contact_ref(const struct facts *f, char *at)
{
	facts_uuid(f->account, 'c', f->i / 2, at);
}

static void put_matter_number(const struct facts *f, char *at)
{
	put_number(at, 9, 100000000 + f->i);
}

static void put_revision(const struct facts *f, char *at)
{
	put_number(at, 4, f->times.revision);
}

static void put_created(const struct facts *f, char *at)
{
	put_time(at, f->times.created_s);
}

static void put_updated(const struct facts *f, char *at)
{
	put_time(at, f->times.updated_s);
}

void template_local_time(const struct account *account, int64_t unix_s, char *ret)
{
	int64_t offset = account->zoho.utc_offset_s;
	uint64_t minutes = (uint64_t)llabs(offset) / 60;

	put_time(ret, unix_s + offset);
	ret[19] = offset < 0 ? '-' : '+';
	put_number(ret + 20, 2, minutes / 60);
	ret[22] = ':';
	put_number(ret + 23, 2, minutes % 60);
}

static void put_created_local(const struct facts *f, char *at)
{
	template_local_time(f->account, f->times.created_s, at);
}

static void put_updated_local(const struct facts *f, char *at)
{
	template_local_time(f->account, f->times.updated_s, at);
}

static void put_zoho_id(const struct facts *f, char *at)
{
	static const char kinds[] = " lkodaecpvbqsrigfyzw"; /* in the order of their digits */

	put_number(at, 19, zoho_id_number(f->account, (unsigned)(strchr(kinds, f->kind) - kinds), f->i));
}

static void put_zoho_account(const struct facts *f, char *at)
{
	put_number(at, 19, zoho_id_number(f->account, 3, f->i / 3));
}

static void put_zoho_contact(const struct facts *f, char *at)
{
	put_number(at, 19, zoho_id_number(f->account, 2, f->i / 2));
}

/* Five digits, the first not 0, other ones for each revision. */
static void put_money(const struct facts *f, char *at)
{
	put_number(at, 5, 10000 + mix(f->account->salt ^ f->i ^ (uint64_t)f->times.revision << 40) % 90000);
}

static void put_ordinal(const struct facts *f, char *at)
{
	put_number(at, 9, f->i);
}

static void put_account_number(const struct facts *f, char *at)
{
	put_number(at, 5, f->account->number);
}

static void put_call_id(const struct facts *f, char *at)
{
	highlevel_id(f->account, 'h', f->i, at);
}

static void put_call_contact(const struct facts *f, char *at)
{
	highlevel_id(f->account, 'k', f->i / 3, at);
}

static void put_call_agent(const struct facts *f, char *at)
{
	highlevel_id(f->account, 'g', f->i % 3, at);
}

static void put_caller(const struct facts *f, char *at)
{
	put_number(at, 10, UINT64_C(2025550100) + f->i % 40);
}

static const struct {
	char letter;
	uint16_t width;
	void (*put)(const struct facts *f, char *at);
} SLOTS[] = {
    {'I', UUID_TEXT, put_id},
    {'A', UUID_TEXT, put_account_ref},
    {'M', UUID_TEXT, put_matter_ref},
    {'P', UUID_TEXT, put_contact_ref},
    {'#', 9, put_matter_number},
    {'R', 4, put_revision},
    {'C', 19, put_created},
    {'U', 19, put_updated},
    {'$', 5, put_money},
    {'n', 9, put_ordinal},
    {'a', 5, put_account_number},
    {'T', 25, put_created_local},
    {'V', 25, put_updated_local},
    {'Z', 19, put_zoho_id},
    {'O', 19, put_zoho_account},
    {'K', 19, put_zoho_contact},
    {'h', HIGHLEVEL_ID_LEN, put_call_id},
    {'k', HIGHLEVEL_ID_LEN, put_call_contact},
    {'g', HIGHLEVEL_ID_LEN, put_call_agent},
    {'N', 10, put_caller},
};

static size_t slot_kind(char letter)
{
	size_t k = 0;

	while (k < ARRAY_SIZE(SLOTS) && SLOTS[k].letter != letter)
		k++;
	assert(k < ARRAY_SIZE(SLOTS));
	return k;
}

static void template_compile(struct template *t, struct str source)
{
	struct buf out = BUF(TEXT_MAX);

	for (size_t i = 0; i < source.n; i++) {
		if (source.p[i] != '~') {
			buf_add_char(&out, source.p[i]);
			continue;
		}
		size_t kind = slot_kind(source.p[++i]);
		assert(t->slot_count < SLOTS_MAX);
		t->slots[t->slot_count++] = (struct slot){(uint16_t)out.n, (uint16_t)kind};
		for (size_t k = 0; k < SLOTS[kind].width; k++)
			buf_add_char(&out, '0');
	}
	assert(buf_ok(&out));
	t->text = out.p;
	t->n = out.n;
}

struct template_bank *template_bank_new(
    size_t count, uint64_t seed, void (*write)(struct buf *ret, uint64_t *rng))
{
	struct template_bank *bank = mem_zalloc(sizeof *bank + count * sizeof bank->texts[0]);
	struct buf source = BUF(TEXT_MAX);

	bank->count = count;
	for (size_t i = 0; i < count; i++) {
		buf_clear(&source);
		write(&source, &seed);
		assert(buf_ok(&source));
		template_compile(&bank->texts[i], buf_str(&source));
	}
	buf_done(&source);
	return bank;
}

void template_bank_free(struct template_bank *bank)
{
	if (!bank)
		return;
	for (size_t i = 0; i < bank->count; i++)
		free(bank->texts[i].text);
	free(bank);
}

void template_fill(
    const struct template_bank *bank, uint64_t which, const struct facts *facts, struct buf *ret)
{
	const struct template *t = &bank->texts[which % bank->count];
	char *at = buf_reserve(ret, t->n);

	if (!at)
		return;
	memcpy(at, t->text, t->n + 1);
	for (size_t i = 0; i < t->slot_count; i++)
		SLOTS[t->slots[i].kind].put(facts, at + t->slots[i].at);
	ret->n += t->n;
}

bool template_holds(const struct template_bank *bank, uint64_t which, const char *words)
{
	const struct template *t = &bank->texts[which % bank->count];

	return memmem(t->text, t->n, words, strlen(words)) != NULL;
}

struct facts facts_of(const struct account *account, const struct resource *resource, char kind, uint64_t i)
{
	return (struct facts){
	    .account = account, .kind = kind, .i = i, .times = record_times(account, resource, i)};
}
