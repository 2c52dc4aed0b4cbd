/* Every status of the IANA registry "SMTP Enhanced Status Codes" (RFC 3463, 4468, 4865, 4954, 5248, 6531, 6710, 7293, 7372, 7505, 8601,
 * 8617, 8689), and those that big providers made up. The class (4 or 5) says how long, not what. */
#include "base/text.h"
#include "policy/meaning.h"
#include <stdio.h>

static const struct status {
	int subject, detail;
	enum meaning means;
} statuses[] = {
	{ 0, 0, MEANS_NOTHING },          /* other undefined status */
	{ 1, 0, MEANS_NOTHING },          /* other address status */
	{ 1, 1, MEANS_NO_USER },          /* bad destination mailbox address */
	{ 1, 2, MEANS_ROUTE },            /* bad destination system address: a name server of the relay's may be away */
	{ 1, 3, MEANS_BAD_ADDRESS },      /* bad destination mailbox address syntax */
	{ 1, 4, MEANS_NOTHING },          /* destination mailbox address ambiguous */
	{ 1, 5, MEANS_NOTHING },          /* destination address valid */
	{ 1, 6, MEANS_MOVED },            /* destination mailbox has moved, no forwarding address */
	{ 1, 7, MEANS_BAD_SENDER },       /* bad sender's mailbox address syntax */
	{ 1, 8, MEANS_BAD_SENDER },       /* bad sender's system address */
	{ 1, 9, MEANS_PROTOCOL },         /* message relayed to non-compliant mailer */
	{ 1, 10, MEANS_NULL_MX },         /* recipient address has null MX */
	{ 2, 0, MEANS_NOTHING },          /* other or undefined mailbox status */
	{ 2, 1, MEANS_DISABLED },         /* mailbox disabled, not accepting messages */
	{ 2, 2, MEANS_FULL },             /* mailbox full */
	{ 2, 3, MEANS_TOO_LARGE },        /* message length exceeds administrative limit */
	{ 2, 4, MEANS_NOTHING },          /* mailing list expansion problem */
	{ 3, 0, MEANS_NOTHING },          /* other or undefined mail system status */
	{ 3, 1, MEANS_SYSTEM },           /* mail system full */
	{ 3, 2, MEANS_SYSTEM },           /* system not accepting network messages */
	{ 3, 3, MEANS_PROTOCOL },         /* system not capable of selected features */
	{ 3, 4, MEANS_TOO_LARGE },        /* message too big for system */
	{ 3, 5, MEANS_SYSTEM },           /* system incorrectly configured */
	{ 3, 6, MEANS_NOTHING },          /* requested priority was changed */
	{ 4, 0, MEANS_ROUTE },            /* other or undefined network or routing status */
	{ 4, 1, MEANS_ROUTE },            /* no answer from host */
	{ 4, 2, MEANS_ROUTE },            /* bad connection */
	{ 4, 3, MEANS_ROUTE },            /* directory server failure */
	{ 4, 4, MEANS_ROUTE },            /* unable to route */
	{ 4, 5, MEANS_SLOWER },           /* mail system congestion */
	{ 4, 6, MEANS_ROUTE },            /* routing loop detected */
	{ 4, 7, MEANS_ROUTE },            /* delivery time expired */
	{ 5, 0, MEANS_NOTHING },          /* other or undefined protocol status */
	{ 5, 1, MEANS_PROTOCOL },         /* invalid command */
	{ 5, 2, MEANS_PROTOCOL },         /* syntax error */
	{ 5, 3, MEANS_SLOWER },           /* too many recipients: of ours there is one, so they are counted over time */
	{ 5, 4, MEANS_PROTOCOL },         /* invalid command arguments */
	{ 5, 5, MEANS_PROTOCOL },         /* wrong protocol version */
	{ 5, 6, MEANS_PROTOCOL },         /* authentication exchange line is too long */
	{ 6, 0, MEANS_CONTENT },          /* other or undefined media error */
	{ 6, 1, MEANS_CONTENT },          /* media not supported */
	{ 6, 2, MEANS_CONTENT },          /* conversion required and prohibited */
	{ 6, 3, MEANS_CONTENT },          /* conversion required but not supported */
	{ 6, 4, MEANS_CONTENT },          /* conversion with loss performed */
	{ 6, 5, MEANS_CONTENT },          /* conversion failed */
	{ 6, 6, MEANS_CONTENT },          /* message content not available */
	{ 6, 7, MEANS_NO_SMTPUTF8 },      /* non-ASCII addresses not permitted for that sender or recipient */
	{ 6, 8, MEANS_NO_SMTPUTF8 },      /* UTF-8 reply is required, but not permitted by the client */
	{ 6, 9, MEANS_NO_SMTPUTF8 },      /* UTF-8 header message can not be transferred to a recipient */
	{ 6, 10, MEANS_NO_SMTPUTF8 },     /* the same as 6.8 */
	{ 7, 0, MEANS_NOTHING },          /* other or undefined security status */
	{ 7, 1, MEANS_POLICY },           /* delivery not authorized, message refused */
	{ 7, 2, MEANS_POLICY },           /* mailing list expansion prohibited */
	{ 7, 3, MEANS_NO_TLS },           /* security conversion required but not possible */
	{ 7, 4, MEANS_PROTOCOL },         /* security features not supported */
	{ 7, 5, MEANS_NO_TLS },           /* cryptographic failure */
	{ 7, 6, MEANS_NO_TLS },           /* cryptographic algorithm not supported */
	{ 7, 7, MEANS_UNAUTHENTICATED },  /* message integrity failure */
	{ 7, 8, MEANS_LOGIN },            /* authentication credentials invalid */
	{ 7, 9, MEANS_LOGIN },            /* authentication mechanism is too weak */
	{ 7, 10, MEANS_NO_TLS },          /* encryption needed */
	{ 7, 11, MEANS_NO_TLS },          /* encryption required for requested authentication mechanism */
	{ 7, 12, MEANS_LOGIN },           /* a password transition is needed */
	{ 7, 13, MEANS_SUSPENDED },       /* user account disabled: of who logs in (RFC 5248), not the reader's */
	{ 7, 14, MEANS_POLICY },          /* trust relationship required */
	{ 7, 15, MEANS_POLICY },          /* priority level is too low */
	{ 7, 16, MEANS_TOO_LARGE },       /* message is too big for the specified priority */
	{ 7, 17, MEANS_UNWANTED },        /* mailbox owner has changed */
	{ 7, 18, MEANS_UNWANTED },        /* domain owner has changed */
	{ 7, 19, MEANS_POLICY },          /* RRVS test can not be completed */
	{ 7, 20, MEANS_UNAUTHENTICATED }, /* no passing DKIM signature found */
	{ 7, 21, MEANS_UNAUTHENTICATED }, /* no acceptable DKIM signature found */
	{ 7, 22, MEANS_UNAUTHENTICATED }, /* no valid author-matched DKIM signature found */
	{ 7, 23, MEANS_UNAUTHENTICATED }, /* SPF validation failed; Gmail: no PTR record */
	{ 7, 24, MEANS_UNAUTHENTICATED }, /* SPF validation error */
	{ 7, 25, MEANS_NO_PTR },          /* reverse DNS validation failed */
	{ 7, 26, MEANS_UNAUTHENTICATED }, /* multiple authentication checks failed */
	{ 7, 27, MEANS_UNAUTHENTICATED }, /* sender address has null MX; Gmail: SPF did not pass */
	{ 7, 28, MEANS_SLOWER },          /* mail flood detected */
	{ 7, 29, MEANS_UNAUTHENTICATED }, /* ARC validation failure; Gmail: no TLS */
	{ 7, 30, MEANS_UNAUTHENTICATED }, /* REQUIRETLS support required; Gmail: DKIM did not pass */
};

/* Made up by providers, in ranges. Gmail: "Email sender guidelines" and its list of SMTP errors. Microsoft: "Non-delivery reports in
 * Exchange Online" and "Requirements for high-volume senders" of 2025. */
static const struct {
	int subject, first, last;
	enum meaning means;
} ranges[] = {
	{ 7, 31, 40, MEANS_UNAUTHENTICATED },   /* Gmail: 31, 40 DMARC; 32 From not aligned; and what it may add beside them */
	{ 4, 300, 316, MEANS_ROUTE },           /* Exchange Online: DNS and routing of the destination */
	{ 7, 500, 500, MEANS_SLOWER },          /* 4.7.500 server busy */
	{ 7, 501, 503, MEANS_BLOCKED },         /* spam abuse detected: banned sender */
	{ 7, 504, 508, MEANS_POLICY },          /* recipient address is reserved, message size, junk submission */
	{ 7, 509, 509, MEANS_UNAUTHENTICATED }, /* DMARC */
	{ 7, 510, 514, MEANS_BLOCKED },         /* access denied, banned sender */
	{ 7, 515, 515, MEANS_UNAUTHENTICATED }, /* does not meet the required authentication level */
	{ 7, 516, 599, MEANS_BLOCKED },         { 7, 606, 649, MEANS_BLOCKED }, /* banned sending IP */
	{ 7, 650, 699, MEANS_SLOWER },                                          /* 4.7.650 and on: limited because of the IP's reputation */
	{ 7, 700, 749, MEANS_BLOCKED }, /* 705, 708: the tenant or a range of addresses has no good name yet; 750: unregistered domain */
	{ 7, 750, 750, MEANS_UNVERIFIED },
};

enum meaning meaning_of_status(const char *status)
{
	int class = 0;
	int subject = 0;
	int detail = 0;
	if (sscanf(status, "%1d.%3d.%3d", &class, &subject, &detail) != 3)
		return MEANS_NOTHING;
	/* Gmail says 4.7.23 where its reverse DNS check failed, and 5.7.25 where it failed for good. */
	if (class == 4 && subject == 7 && detail == 23)
		return MEANS_NO_PTR;
	for (size_t i = 0; i < COUNT_OF(statuses); i++)
		if (statuses[i].subject == subject && statuses[i].detail == detail)
			return statuses[i].means;
	for (size_t i = 0; i < COUNT_OF(ranges); i++)
		if (ranges[i].subject == subject && detail >= ranges[i].first && detail <= ranges[i].last)
			return ranges[i].means;
	return MEANS_NOTHING;
}
