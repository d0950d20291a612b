// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "highlevel.h"
#include "template.h"

/* Calls as the API shows them, with what is odd about them: fields that are left out, durations with and
 * without fractions, a translation as its schema has it and as its example has it, and secrets of third
 * parties. */
#define PICK(list) (list)[random_below(rng, ARRAY_SIZE(list))]
#define CHANCE(n) (random_below(rng, (n)) == 0)
#define WHEN ",\"executedAt\":\"~C.000Z\",\"triggerReceivedAt\":\"~C.000Z\"}"
#define ACTIONS_MAX 4

static const char *const WISHES[] = {"asked about prices", "wants to move the appointment",
    "asked for the opening hours", "wants to know where the order is", "called about an invoice",
    "asked für einen Rückruf", "quiere hablar con ventas", "hung up at once"};
static const char *const WORDS[] = {"pricing", "the order", "Tuesday", "my number", "caf\xc3\xa9",
    "\\u20ac99", "\\\"as soon as possible\\\"", "\xf0\x9f\x93\x9e", "delivery", "the invoice", "next week",
    "thanks"};

static const char *const ACTIONS[] = {
    "{\"actionId\":\"507f1f77bcf86cd799439015\",\"actionType\":\"CALL_TRANSFER\",\"actionName\":\"Transfer "
    "to "
    "Manager\",\"actionParameters\":{\"triggerPrompt\":\"When the caller asks for a "
    "manager\",\"transferToType\":"
    "\"number\",\"transferToValue\":\"+12345678901\",\"triggerMessage\":\"Let me transfer you\","
    "\"hearWhisperMessage\":true}" WHEN,
    "{\"actionId\":\"507f1f77bcf86cd799439016\",\"actionType\":\"SMS\",\"actionName\":\"Send Confirmation "
    "SMS\",\"actionParameters\":{\"triggerPrompt\":\"When the caller asks for a "
    "confirmation\",\"triggerMessage\":"
    "\"I'll send you a text\",\"messageBody\":\"Your appointment is confirmed\"}" WHEN,
    "{\"actionId\":\"507f1f77bcf86cd799439017\",\"actionType\":\"DATA_EXTRACTION\",\"actionName\":\"Extract "
    "Phone "
    "Number\",\"actionParameters\":{\"contactFieldId\":\"507f1f77bcf86cd799439018\",\"description\":\"The "
    "caller's "
    "number\",\"examples\":[\"+1234567890\"],\"overwriteExistingValue\":false}" WHEN,
    "{\"actionId\":\"507f1f77bcf86cd799439019\",\"actionType\":\"WORKFLOW_TRIGGER\",\"actionName\":\"Start "
    "Follow-up\",\"actionParameters\":{\"triggerPrompt\":\"When the caller wants a "
    "quote\",\"triggerMessage\":\"One "
    "moment\",\"workflowId\":\"507f1f77bcf86cd799439020\"}" WHEN,
    "{\"actionId\":\"507f1f77bcf86cd799439021\",\"actionType\":\"APPOINTMENT_BOOKING\",\"actionName\":\"Book "
    "Consultation\",\"actionParameters\":{\"calendarId\":\"507f1f77bcf86cd799439022\","
    "\"daysOfOfferingDates\":3,"
    "\"slotsPerDay\":3,\"hoursBetweenSlots\":0.5}" WHEN,
    "{\"actionId\":\"507f1f77bcf86cd799439026\",\"actionType\":\"KNOWLEDGE_BASE\",\"actionName\":\"Query "
    "Product "
    "Info\",\"actionParameters\":{\"triggerPrompt\":\"When the caller asks about a "
    "product\",\"knowledgeBaseId\":"
    "\"507f1f77bcf86cd799439027\"}" WHEN,
    /* the schema wants at least these two; parameters may be missing */
    "{\"actionType\":\"SMS\",\"actionName\":\"Deleted action\"}",
};

/* Whoever has these gets in at somebody else's. */
static const char CUSTOM_ACTION[] =
    "{\"actionId\":\"507f1f77bcf86cd799439023\",\"actionType\":\"CUSTOM_ACTION\",\"actionName\":\"Check "
    "Order "
    "Status\",\"actionParameters\":{\"triggerPrompt\":\"When the caller has an order "
    "number\",\"triggerMessage\":\"Let "
    "me "
    "check\",\"apiDetails\":{\"url\":\"https://api.example.com/"
    "orders?api_key=third-party-query-~n\",\"method\":"
    "\"GET\",\"authenticationRequired\":true,\"authenticationValue\":\"third-party-key-~n\",\"headers\":[{"
    "\"key\":"
    "\"Content-Type\",\"value\":\"application/json\"},{\"key\":\"Authorization\",\"value\":\"Bearer "
    "third-party-header-~n\"}],\"parameters\":[{\"name\":\"orderId\",\"type\":\"string\",\"example\":"
    "\"third-party-example\"}]},\"responsePathsToExtract\":[\"data.orderId\"],\"selectedPaths\":[\"status\"]}"
    ",\"executedAt\":\"~C.000Z\"}";

static void add_actions(struct buf *ret, uint64_t *rng)
{
	unsigned n = CHANCE(3) ? random_below(rng, ACTIONS_MAX) : 0;

	buf_add_text(ret, "\"executedCallActions\":[");
	for (unsigned i = 0; i < n; i++)
		buf_printf(ret, "%s%s", i ? "," : "", PICK(ACTIONS));
	if (CHANCE(4))
		buf_printf(ret, "%s%s", n ? "," : "", CUSTOM_ACTION);
	buf_add_text(ret, "],");
}

static void add_transcript(struct buf *ret, uint64_t *rng)
{
	unsigned turns = 1 + random_below(rng, 6);

	buf_add_text(ret, "\"transcript\":\"bot: Hello, how can I help you today?");
	while (turns--)
		buf_printf(ret, "\\nhuman: I would like to know about %s.\\nbot: About %s, certainly.",
		    PICK(WORDS), PICK(WORDS));
	buf_add_text(ret, "\",");
}

static void add_extracted(struct buf *ret, uint64_t *rng)
{
	if (CHANCE(3))
		buf_printf(ret,
		    ",\"extractedData\":{\"topic\":\"%s\",\"score\":%u.5,\"nested\":{\"list\":[1,null,\"x\"]}"
		    "}",
		    PICK(WORDS), random_below(rng, 10));
	else if (CHANCE(2))
		buf_add_text(ret, ",\"extractedData\":{}");
}

static void add_translation(struct buf *ret, uint64_t *rng)
{
	if (CHANCE(4))
		buf_add_text(ret, "\"translation\":{\"enabled\":true,\"language\":\"es\"},");
	else if (CHANCE(4))
		buf_add_text(ret, "\"translation\":{\"translatedTranscript\":\"bot: Hola\"},");
}

void call_text(struct buf *ret, uint64_t *rng)
{
	buf_add_text(ret, "{\"id\":\"~h\",");
	if (!CHANCE(5))
		buf_add_text(ret, "\"contactId\":\"~k\",");
	buf_printf(ret, "\"agentId\":\"~g\",\"isAgentDeleted\":%s,", CHANCE(9) ? "true" : "false");
	if (!CHANCE(5))
		buf_add_text(ret, "\"fromNumber\":\"+1~N\",");
	buf_printf(ret, "\"createdAt\":\"~C.000Z\",\"duration\":%u%s,\"trialCall\":%s,",
	    random_below(rng, 900), CHANCE(3) ? ".25" : "", CHANCE(6) ? "true" : "false");
	add_actions(ret, rng);
	buf_printf(ret, "\"summary\":\"rev ~R The caller %s (%s).\",", PICK(WISHES), PICK(WORDS));
	add_translation(ret, rng);
	add_transcript(ret, rng);
	ret->n--; /* the comma */
	add_extracted(ret, rng);
	buf_add_char(ret, '}');
}
