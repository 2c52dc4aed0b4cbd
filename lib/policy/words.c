/* The words of servers, in lower case, addresses cut out before. A phrase stands here because a server is known to say it; a single
 * common word never does ("rate" is in "corporate", "spam" is in a reader's address). */
#include "base/text.h"
#include "policy/meaning.h"

struct words {
	const char *words;
	enum meaning means;
	const char *status; /* only beside this status, or any that begins with it; NULL: beside every one */
};

/* Who pays for the relay, and whom it trusts. Amazon SES: "SMTP response codes returned by Amazon SES"; SendGrid: "SMTP errors and
 * troubleshooting"; Mailgun: "Error codes"; Mandrill, Postmark, SMTP2GO, Brevo and OVH: replies seen. Before all else, since they use
 * the words that others use of mailboxes. */
static const struct words account[] = {
	{ "daily message quota exceeded", MEANS_QUOTA, NULL },
	{ "maximum credits exceeded", MEANS_QUOTA, NULL },
	{ "daily user sending quota exceeded", MEANS_QUOTA, NULL },
	{ "daily sending quota", MEANS_QUOTA, NULL },
	{ "daily user sending limit exceeded", MEANS_QUOTA, NULL },
	{ "daily smtp relay sending limit exceeded", MEANS_QUOTA, NULL },
	{ "daily sending limit", MEANS_QUOTA, NULL },
	{ "sending quota", MEANS_QUOTA, NULL },
	{ "sending limit", MEANS_QUOTA, NULL },
	{ "hourly quota", MEANS_QUOTA, NULL },
	{ "monthly limit", MEANS_QUOTA, NULL },
	{ "exceeded your monthly", MEANS_QUOTA, NULL },
	{ "exceeded your plan", MEANS_QUOTA, NULL },
	{ "out of credits", MEANS_QUOTA, NULL },
	{ "not enough credits", MEANS_QUOTA, NULL },
	{ "outgoing messages quota", MEANS_QUOTA, NULL },
	{ "outbound message limit", MEANS_QUOTA, NULL },
	{ "maximum sending rate exceeded", MEANS_SLOWER, NULL },
	{ "throttling failure", MEANS_SLOWER, NULL },
	{ "email address is not verified", MEANS_UNVERIFIED, NULL },
	{ "verified sender identity", MEANS_UNVERIFIED, NULL },
	{ "sender signature not found", MEANS_UNVERIFIED, NULL },
	{ "sender address is not verified", MEANS_UNVERIFIED, NULL },
	{ "sender is not verified", MEANS_UNVERIFIED, NULL },
	{ "unverified domain", MEANS_UNVERIFIED, NULL },
	{ "domain is not verified", MEANS_UNVERIFIED, NULL },
	{ "not allowed to send", MEANS_UNVERIFIED, NULL },
	{ "free accounts are for test purposes only", MEANS_UNVERIFIED, NULL },
	{ "sandbox subdomains are for test purposes only", MEANS_UNVERIFIED, NULL },
	{ "not owned by user", MEANS_UNVERIFIED, NULL },
	{ "send as denied", MEANS_UNVERIFIED, NULL },
	{ "sendasdenied", MEANS_UNVERIFIED, NULL },
	{ "not permitted to send as this sender", MEANS_UNVERIFIED, NULL },
	{ "sending paused for this account", MEANS_SUSPENDED, NULL },
	{ "account is suspended", MEANS_SUSPENDED, "5.7." },
	{ "your account has been suspended", MEANS_SUSPENDED, NULL },
	{ "your account is disabled", MEANS_SUSPENDED, NULL },
	{ "account is not allowed to send", MEANS_SUSPENDED, NULL },
	{ "smtp account is disabled", MEANS_SUSPENDED, NULL },
	{ "sending disabled", MEANS_SUSPENDED, NULL },
	{ "unauthenticated senders not allowed", MEANS_LOGIN, NULL },
	{ "unauthenticated email is not accepted", MEANS_UNAUTHENTICATED, NULL }, /* Gmail, of DMARC */
	{ "authentication required", MEANS_LOGIN, NULL },
	{ "authentication is required", MEANS_LOGIN, NULL },
	{ "must authenticate", MEANS_LOGIN, NULL },
	{ "please authenticate", MEANS_LOGIN, NULL },
	{ "need to authenticate", MEANS_LOGIN, NULL },
	{ "client was not authenticated", MEANS_LOGIN, NULL },
	{ "authentication credentials invalid", MEANS_LOGIN, NULL },
	{ "authentication failed", MEANS_LOGIN, NULL },
	{ "authentication unsuccessful", MEANS_LOGIN, NULL },
	{ "username and password not accepted", MEANS_LOGIN, NULL },
	{ "smtp auth is required", MEANS_LOGIN, NULL },
	{ "auth required", MEANS_LOGIN, NULL },
	{ "must issue a starttls", MEANS_NO_TLS, NULL },
	{ "encryption required", MEANS_NO_TLS, NULL },
};

/* One mailbox that takes too much at once, not ours. Gmail's list of SMTP errors; Exchange Online's RESOLVER and RecipientThrottled. */
static const struct words busy[] = {
	{ "receiving mail too quickly", MEANS_BUSY, NULL },
	{ "receiving mail at a rate", MEANS_BUSY, NULL },
	{ "receiving email at a rate", MEANS_BUSY, NULL },
	{ "recipient's mailbox is busy", MEANS_BUSY, NULL },
	{ "mailbox is locked", MEANS_BUSY, NULL },
	{ "mailbox busy", MEANS_BUSY, NULL },
	{ "recipient has exceeded their limit", MEANS_BUSY, NULL },
	{ "recipient thread limit exceeded", MEANS_BUSY, NULL },
};

/* Authentication of the sender. Gmail: sender guidelines of 2024. Microsoft: 2025. Yahoo: senders.yahooinc.com/smtp-error-codes (553 5.7.2
 * and 554 5.7.9 with PH01). GMX and web.de: postmaster.gmx.net. Postfix with policyd-spf, OpenDMARC, rspamd and Mimecast: replies seen. */
static const struct words authentication[] = {
	{ "dmarc", MEANS_UNAUTHENTICATED, NULL },
	{ "spf check", MEANS_UNAUTHENTICATED, NULL },
	{ "spf fail", MEANS_UNAUTHENTICATED, NULL },
	{ "spf: fail", MEANS_UNAUTHENTICATED, NULL },
	{ "spf validation", MEANS_UNAUTHENTICATED, NULL },
	{ "spf record", MEANS_UNAUTHENTICATED, NULL },
	{ "spf sender invalid", MEANS_UNAUTHENTICATED, NULL },
	{ "spf forgery", MEANS_UNAUTHENTICATED, NULL },
	{ "openspf.", MEANS_UNAUTHENTICATED, NULL },
	{ "spf/senderid", MEANS_UNAUTHENTICATED, NULL },
	{ "not authorized to send mail from this domain", MEANS_UNAUTHENTICATED, NULL },
	{ "failed spf", MEANS_UNAUTHENTICATED, NULL },
	{ "spf+dkim", MEANS_UNAUTHENTICATED, NULL },
	{ "dkim fail", MEANS_UNAUTHENTICATED, NULL },
	{ "dkim signature", MEANS_UNAUTHENTICATED, NULL },
	{ "message failed email authentication", MEANS_UNAUTHENTICATED, NULL },
	{ "does not meet the required authentication level", MEANS_UNAUTHENTICATED, NULL },
	{ "is unauthenticated", MEANS_UNAUTHENTICATED, NULL },
	{ "authentication information of the message", MEANS_UNAUTHENTICATED, NULL },
	{ "authentication checks", MEANS_UNAUTHENTICATED, NULL },
	{ "antispoofing policy", MEANS_UNAUTHENTICATED, NULL },
	{ "anti-spoofing policy", MEANS_UNAUTHENTICATED, NULL },
	{ "ph01", MEANS_UNAUTHENTICATED, NULL },
	{ "not accepted for policy reasons", MEANS_UNAUTHENTICATED, "5.7.9" },
};

/* What our address on the network looks like. Postfix: smtpd_check.c. GMX, T-Online, Orange, Comcast (postmaster.comcast.net), AOL, Exim:
 * replies seen. */
static const struct words name[] = {
	{ "ptr record", MEANS_NO_PTR, NULL },
	{ "ptr resource record", MEANS_NO_PTR, NULL },
	{ "dns ptr", MEANS_NO_PTR, NULL },
	{ "reverse dns", MEANS_NO_PTR, NULL },
	{ "reverse-dns", MEANS_NO_PTR, NULL },
	{ "rdns", MEANS_NO_PTR, NULL },
	{ "reverse hostname", MEANS_NO_PTR, NULL },
	{ "reverse mapping", MEANS_NO_PTR, NULL },
	{ "cannot find your hostname", MEANS_NO_PTR, NULL },
	{ "cannot find your reverse hostname", MEANS_NO_PTR, NULL },
	{ "cannot resolve your address", MEANS_NO_PTR, NULL },
	{ "client host rejected", MEANS_BLOCKED, NULL },
	{ "helo command rejected", MEANS_NO_PTR, NULL },
	{ "helo name", MEANS_NO_PTR, NULL },
	{ "invalid helo", MEANS_NO_PTR, NULL },
	{ "bad helo", MEANS_NO_PTR, NULL },
	{ "ehlo name", MEANS_NO_PTR, NULL },
};

/* How much at once. Yahoo: 421 4.7.0 [TSS04], [TS01]..[TS03]. Outlook.com: RP-001..RP-003 and 4.7.650. iCloud, Comcast (RL...), Orange
 * (OFR_416, OFR_417, OFR_108; OFR004_104, _105), Free, Mail.ru, Yandex, QQ, NetEase, Postfix anvil, Exim, Proofpoint, Mimecast. */
static const struct words slower[] = {
	{ "unusual rate of", MEANS_SLOWER, NULL },
	{ "rate limit", MEANS_SLOWER, NULL },
	{ "rate-limit", MEANS_SLOWER, NULL },
	{ "ratelimit", MEANS_SLOWER, NULL },
	{ "rate exceeded", MEANS_SLOWER, NULL },
	{ "exceeds the rate", MEANS_SLOWER, NULL },
	{ "message rate", MEANS_SLOWER, NULL },
	{ "sending rate", MEANS_SLOWER, NULL },
	{ "throttl", MEANS_SLOWER, NULL },
	{ "too many connections", MEANS_SLOWER, NULL },
	{ "too many concurrent", MEANS_SLOWER, NULL },
	{ "too much concurrent", MEANS_SLOWER, NULL },
	{ "too many simultaneous", MEANS_SLOWER, NULL },
	{ "too many sessions", MEANS_SLOWER, NULL },
	{ "too many messages", MEANS_SLOWER, NULL },
	{ "too many emails", MEANS_SLOWER, NULL },
	{ "too many mails", MEANS_SLOWER, NULL },
	{ "too many recipients", MEANS_SLOWER, NULL },
	{ "too many mail from", MEANS_SLOWER, NULL },
	{ "too many smtp sessions", MEANS_SLOWER, NULL },
	{ "too much mail", MEANS_SLOWER, NULL },
	{ "too much load", MEANS_SLOWER, NULL },
	{ "too fast", MEANS_SLOWER, NULL },
	{ "slow down", MEANS_SLOWER, NULL },
	{ "excessive message", MEANS_SLOWER, NULL },
	{ "connection limit", MEANS_SLOWER, NULL },
	{ "connections exceeded", MEANS_SLOWER, NULL },
	{ "concurrent connections", MEANS_SLOWER, NULL },
	{ "maximum number of connections", MEANS_SLOWER, NULL },
	{ "maximum connections", MEANS_SLOWER, NULL },
	{ "exceeded the connection", MEANS_SLOWER, NULL },
	{ "exceeded the number of", MEANS_SLOWER, NULL },
	{ "number of messages exceeds", MEANS_SLOWER, NULL },
	{ "frequency limited", MEANS_SLOWER, NULL },
	{ "connection frequency limit", MEANS_SLOWER, NULL },
	{ "sending frequency", MEANS_SLOWER, NULL },
	{ "temporarily deferred", MEANS_SLOWER, NULL },
	{ "temporarily rate limited", MEANS_SLOWER, NULL },
	{ "limit exceeded for ip", MEANS_SLOWER, NULL },
	{ "unexpected volume", MEANS_SLOWER, NULL },
	{ "volume of mail", MEANS_SLOWER, NULL },
	{ "server busy", MEANS_SLOWER, NULL },
	{ "server is busy", MEANS_SLOWER, NULL },
	{ "system is busy", MEANS_SLOWER, NULL },
	{ "resources temporarily unavailable", MEANS_SLOWER, NULL },
	{ "insufficient system resources", MEANS_SLOWER, NULL },
	{ "high load", MEANS_SLOWER, NULL },
	{ "load average", MEANS_SLOWER, NULL },
	{ "[tss", MEANS_SLOWER, NULL },
	{ "[ts0", MEANS_SLOWER, NULL },
	{ "(rp-00", MEANS_SLOWER, NULL },
	{ "ofr_416", MEANS_SLOWER, NULL },
	{ "ofr_417", MEANS_SLOWER, NULL },
	{ "ofr_108", MEANS_SLOWER, NULL },
	{ "ofr004_104", MEANS_SLOWER, NULL },
	{ "ofr004_105", MEANS_SLOWER, NULL },
	{ "over quota for this hour", MEANS_SLOWER, NULL },
};

/* Block lists and bad names. Outlook.com: S3140, S3150, DY-001, SC-001, OU-002 and the like. Yahoo: [BL21], [BL23], [IPTS04]. AOL: CON:B1,
 * RTR:BB. Comcast: BL000000 and on. GMX: c=bip, c=rip, c=rbl. T-Online: "ask for reset". Orange: OFR_506, OFR_102. Apple: HVU. Spamhaus,
 * SpamCop, SORBS, Barracuda, UCEPROTECT, Cloudmark CSI, Proofpoint, Trend Micro, Invaluement, Abusix: texts of their standard rejections.
 */
static const struct words block[] = {
	{ "spamhaus", MEANS_BLOCKED, NULL },
	{ "spamcop", MEANS_BLOCKED, NULL },
	{ "sorbs", MEANS_BLOCKED, NULL },
	{ "uceprotect", MEANS_BLOCKED, NULL },
	{ "barracudacentral", MEANS_BLOCKED, NULL },
	{ "barracudanetworks.com/reputation", MEANS_BLOCKED, NULL },
	{ "cloudmark", MEANS_BLOCKED, NULL },
	{ "abusix", MEANS_BLOCKED, NULL },
	{ "invaluement", MEANS_BLOCKED, NULL },
	{ "surbl", MEANS_BLOCKED, NULL },
	{ "uribl", MEANS_BLOCKED, NULL },
	{ "ers.trendmicro.com", MEANS_BLOCKED, NULL },
	{ "ipcheck.proofpoint.com", MEANS_BLOCKED, NULL },
	{ "senderscore", MEANS_BLOCKED, NULL },
	{ "dnsbl", MEANS_BLOCKED, NULL },
	{ "rbl restriction", MEANS_BLOCKED, NULL },
	{ "realtime black", MEANS_BLOCKED, NULL },
	{ "real-time black", MEANS_BLOCKED, NULL },
	{ "blacklist", MEANS_BLOCKED, NULL },
	{ "black list", MEANS_BLOCKED, NULL },
	{ "block list", MEANS_BLOCKED, NULL },
	{ "blocklist", MEANS_BLOCKED, NULL },
	{ "denylist", MEANS_BLOCKED, NULL },
	{ "blocked using", MEANS_BLOCKED, NULL },
	{ "blocked by", MEANS_BLOCKED, NULL },
	{ "your ip is blocked", MEANS_BLOCKED, NULL },
	{ "ip blocked", MEANS_BLOCKED, NULL },
	{ "ip address is blocked", MEANS_BLOCKED, NULL },
	{ "ip address has been blocked", MEANS_BLOCKED, NULL },
	{ "part of their network is on our block", MEANS_BLOCKED, NULL },
	{ "has been temporarily blocked", MEANS_BLOCKED, NULL },
	{ "has been blocked", MEANS_BLOCKED, NULL },
	{ "is listed in", MEANS_BLOCKED, NULL },
	{ "listed at", MEANS_BLOCKED, NULL },
	{ "listed by", MEANS_BLOCKED, NULL },
	{ "banned sending ip", MEANS_BLOCKED, NULL },
	{ "banned sender", MEANS_BLOCKED, NULL },
	{ "poor reputation", MEANS_BLOCKED, NULL },
	{ "low reputation", MEANS_BLOCKED, NULL },
	{ "bad reputation", MEANS_BLOCKED, NULL },
	{ "very low reputation", MEANS_BLOCKED, NULL },
	{ "ip reputation", MEANS_BLOCKED, NULL },
	{ "domain reputation", MEANS_BLOCKED, NULL },
	{ "sender reputation", MEANS_BLOCKED, NULL },
	{ "reputation of the sending", MEANS_BLOCKED, NULL },
	{ "sender denied", MEANS_BLOCKED, NULL },
	{ "traffic not accepted from this ip", MEANS_BLOCKED, NULL },
	{ "not accepting mail from your ip", MEANS_BLOCKED, NULL },
	{ "dynamic ip", MEANS_BLOCKED, NULL },
	{ "dynamic/residential", MEANS_BLOCKED, NULL },
	{ "generic hostname", MEANS_BLOCKED, NULL },
	{ "ask for reset", MEANS_BLOCKED, NULL },
	{ "bad sender ip", MEANS_BLOCKED, NULL },
	{ "suspected spam ip", MEANS_BLOCKED, NULL },
	{ "(s3140)", MEANS_BLOCKED, NULL },
	{ "(s3150)", MEANS_BLOCKED, NULL },
	{ "(s314", MEANS_BLOCKED, NULL },
	{ "(s315", MEANS_BLOCKED, NULL },
	{ "(dy-00", MEANS_BLOCKED, NULL },
	{ "(sc-00", MEANS_BLOCKED, NULL },
	{ "(ou-00", MEANS_BLOCKED, NULL },
	{ "[bl2", MEANS_BLOCKED, NULL },
	{ "[ipts", MEANS_BLOCKED, NULL },
	{ "con:b1", MEANS_BLOCKED, NULL },
	{ "rtr:b", MEANS_BLOCKED, NULL },
	{ "hvu:b1", MEANS_BLOCKED, NULL },
	{ "(irs-btr)", MEANS_BLOCKED, NULL },
	{ "&c=bip", MEANS_BLOCKED, NULL },
	{ "&c=rip", MEANS_BLOCKED, NULL },
	{ "&c=rbl", MEANS_BLOCKED, NULL },
	{ "&c=bl", MEANS_BLOCKED, NULL },
	{ "ofr_506", MEANS_BLOCKED, NULL },
	{ "ofr_102", MEANS_BLOCKED, NULL },
	{ "ofr_501", MEANS_BLOCKED, NULL },
	{ "bl000", MEANS_BLOCKED, NULL },
};

/* Relaying and the envelope's sender. Postfix: smtpd_check.c. Exim: "relay not permitted". sendmail: "Relaying denied". qmail: "rcpthosts".
 * Exchange: "Unable to relay". */
static const struct words relaying[] = {
	{ "relay access denied", MEANS_RELAY_DENIED, NULL },
	{ "relaying denied", MEANS_RELAY_DENIED, NULL },
	{ "relay not permitted", MEANS_RELAY_DENIED, NULL },
	{ "relaying not permitted", MEANS_RELAY_DENIED, NULL },
	{ "relay denied", MEANS_RELAY_DENIED, NULL },
	{ "relaying prohibited", MEANS_RELAY_DENIED, NULL },
	{ "relaying mail to", MEANS_RELAY_DENIED, NULL },
	{ "unable to relay", MEANS_RELAY_DENIED, NULL },
	{ "not permitted to relay", MEANS_RELAY_DENIED, NULL },
	{ "not allowed to relay", MEANS_RELAY_DENIED, NULL },
	{ "we do not relay", MEANS_RELAY_DENIED, NULL },
	{ "list of allowed rcpthosts", MEANS_RELAY_DENIED, NULL },
	{ "sender address rejected", MEANS_BAD_SENDER, NULL },
	{ "sender verify failed", MEANS_BAD_SENDER, NULL },
	{ "sender domain", MEANS_BAD_SENDER, NULL },
	{ "domain of sender address", MEANS_BAD_SENDER, NULL },
	{ "invalid sender", MEANS_BAD_SENDER, NULL },
	{ "sender rejected", MEANS_BAD_SENDER, NULL },
	{ "return path", MEANS_BAD_SENDER, NULL },
	{ "sender callout", MEANS_BAD_SENDER, NULL },
};

/* Greylisting. postgrey, milter-greylist, SQLgrey, policyd, Exim's acl, Exchange hosts, rspamd, OVH: their standard texts. */
static const struct words grey[] = {
	{ "greylist", MEANS_GREYLISTED, NULL },        { "graylist", MEANS_GREYLISTED, NULL },
	{ "grey listed", MEANS_GREYLISTED, NULL },     { "grey-list", MEANS_GREYLISTED, NULL },
	{ "grey listing", MEANS_GREYLISTED, NULL },    { "you are new here", MEANS_GREYLISTED, NULL },
	{ "postgrey", MEANS_GREYLISTED, NULL },        { "first attempt of this", MEANS_GREYLISTED, NULL },
	{ "unknown triplet", MEANS_GREYLISTED, NULL },
};

/* A mailbox that is full. Gmail, Yahoo, Outlook.com, iCloud, Dovecot, Cyrus, Exchange, qmail (vpopmail), QQ, Mail.ru, Yandex, Libero. */
static const struct words full[] = {
	{ "mailbox full", MEANS_FULL, NULL },
	{ "mailbox is full", MEANS_FULL, NULL },
	{ "mail box full", MEANS_FULL, NULL },
	{ "mail box is full", MEANS_FULL, NULL },
	{ "mailfolder is full", MEANS_FULL, NULL },
	{ "inbox is full", MEANS_FULL, NULL },
	{ "inbox full", MEANS_FULL, NULL },
	{ "over quota", MEANS_FULL, NULL },
	{ "overquota", MEANS_FULL, NULL },
	{ "quota exceeded", MEANS_FULL, NULL },
	{ "quota exceed", MEANS_FULL, NULL },
	{ "quotaexceeded", MEANS_FULL, NULL },
	{ "exceeded quota", MEANS_FULL, NULL },
	{ "exceeded its quota", MEANS_FULL, NULL },
	{ "exceeded storage", MEANS_FULL, NULL },
	{ "out of storage space", MEANS_FULL, NULL },
	{ "storage quota", MEANS_FULL, NULL },
	{ "disk quota", MEANS_FULL, NULL },
	{ "not enough space", MEANS_FULL, NULL },
	{ "insufficient disk space", MEANS_FULL, NULL },
	{ "exceeds quota", MEANS_FULL, NULL },
	{ "exceeds allowed message count", MEANS_FULL, NULL },
	{ "mailbox size limit exceeded", MEANS_FULL, NULL },
	{ "account is full", MEANS_FULL, NULL },
	{ "maildir over", MEANS_FULL, NULL },
	{ "user is over", MEANS_FULL, NULL },
};

/* The reader, or who runs his mail, wants nothing from this sender. Exchange: RESOLVER.RST. Mimecast: "Envelope blocked". */
static const struct words unwanted[] = {
	{ "blocked by the recipient", MEANS_UNWANTED, NULL },   { "blocked by recipient", MEANS_UNWANTED, NULL },
	{ "recipient has blocked", MEANS_UNWANTED, NULL },      { "restricted by the recipient", MEANS_UNWANTED, NULL },
	{ "resolver.rst.notauthorized", MEANS_UNWANTED, NULL }, { "resolver.rst.authrequired", MEANS_UNWANTED, NULL },
	{ "user envelope blocked", MEANS_UNWANTED, NULL },      { "envelope blocked - user", MEANS_UNWANTED, NULL },
	{ "only accepts mail from", MEANS_UNWANTED, NULL },     { "does not accept mail from you", MEANS_UNWANTED, NULL },
};

/* What we wrote. Only behind the message: before it nobody has read it. Gmail, Yahoo (554 Message not allowed), iCloud (CS01), Comcast,
 * Mimecast, Proofpoint, Barracuda, SpamAssassin, rspamd, MailScanner, Amavis, Mail.ru, Yandex, QQ, Exchange Online. */
static const struct words content[] = {
	{ "likely unsolicited", MEANS_CONTENT, NULL },
	{ "unsolicited", MEANS_CONTENT, NULL },
	{ "considered spam", MEANS_CONTENT, NULL },
	{ "suspected spam", MEANS_CONTENT, NULL },
	{ "suspected to be spam", MEANS_CONTENT, NULL },
	{ "spam message", MEANS_CONTENT, NULL },
	{ "spam content", MEANS_CONTENT, NULL },
	{ "spam detected", MEANS_CONTENT, NULL },
	{ "spam score", MEANS_CONTENT, NULL },
	{ "spam threshold", MEANS_CONTENT, NULL },
	{ "spam filter", MEANS_CONTENT, NULL },
	{ "as spam", MEANS_CONTENT, NULL },
	{ "is spam", MEANS_CONTENT, NULL },
	{ "be spam", MEANS_CONTENT, NULL },
	{ "like spam", MEANS_CONTENT, NULL },
	{ "spam-like", MEANS_CONTENT, NULL },
	{ "spam rejected", MEANS_CONTENT, NULL },
	{ "anti-spam", MEANS_CONTENT, NULL },
	{ "antispam", MEANS_CONTENT, NULL },
	{ "bulk mail", MEANS_CONTENT, NULL },
	{ "junk mail", MEANS_CONTENT, NULL },
	{ "content rejected", MEANS_CONTENT, NULL },
	{ "content reject", MEANS_CONTENT, NULL },
	{ "content denied", MEANS_CONTENT, NULL },
	{ "content policy", MEANS_CONTENT, NULL },
	{ "contents of the message", MEANS_CONTENT, NULL },
	{ "due to content", MEANS_CONTENT, NULL },
	{ "message content", MEANS_CONTENT, NULL },
	{ "mail content", MEANS_CONTENT, NULL },
	{ "content restrictions", MEANS_CONTENT, NULL },
	{ "prohibited content", MEANS_CONTENT, NULL },
	{ "potentially executable", MEANS_CONTENT, NULL },
	{ "security issue", MEANS_CONTENT, NULL },
	{ "phishing", MEANS_CONTENT, NULL },
	{ "malware", MEANS_CONTENT, NULL },
	{ "virus", MEANS_CONTENT, NULL },
	{ "message refused", MEANS_CONTENT, NULL },
	{ "message blocked", MEANS_CONTENT, NULL },
	{ "rejected due to local policy", MEANS_CONTENT, NULL },
	{ "local policy violation", MEANS_CONTENT, NULL },
	{ "[cs01]", MEANS_CONTENT, NULL },
	{ "(cs01)", MEANS_CONTENT, NULL },
	{ "hvu:b2", MEANS_CONTENT, NULL },
};

/* Size. RFC 1870, and Exchange and Exim in their own words. */
static const struct words size[] = {
	{ "message size exceeds", MEANS_TOO_LARGE, NULL },
	{ "message too large", MEANS_TOO_LARGE, NULL },
	{ "message too big", MEANS_TOO_LARGE, NULL },
	{ "exceeds fixed maximum message size", MEANS_TOO_LARGE, NULL },
	{ "exceeded maximum message size", MEANS_TOO_LARGE, NULL },
	{ "exceeds the maximum", MEANS_TOO_LARGE, "5.2.3" },
	{ "exceeds maximum size", MEANS_TOO_LARGE, NULL },
	{ "smtputf8", MEANS_NO_SMTPUTF8, NULL },
};

/* The address itself: only where the status says nothing, or is one that this server is known to use so. Postfix, Exim, qmail, sendmail,
 * Exchange and Exchange Online (5.4.1 by its directory-based blocking), Outlook.com (5.5.0), Yahoo and AOL, Comcast, GMX, Orange
 * (OFR_415), Free, Libero, T-Online, Mail.ru, Yandex, QQ, NetEase, Mimecast, Proofpoint, Barracuda, hMailServer, MDaemon, Zimbra. */
static const struct words reader[] = {
	{ "user unknown", MEANS_NO_USER, NULL },
	{ "unknown user", MEANS_NO_USER, NULL },
	{ "no such user", MEANS_NO_USER, NULL },
	{ "no such recipient", MEANS_NO_USER, NULL },
	{ "no such person", MEANS_NO_USER, NULL },
	{ "no such mailbox", MEANS_NO_USER, NULL },
	{ "no such account", MEANS_NO_USER, NULL },
	{ "no such address", MEANS_NO_USER, NULL },
	{ "no mailbox here", MEANS_NO_USER, NULL },
	{ "no mailbox found", MEANS_NO_USER, NULL },
	{ "no account by that name", MEANS_NO_USER, NULL },
	{ "user not found", MEANS_NO_USER, NULL },
	{ "user does not exist", MEANS_NO_USER, NULL },
	{ "user doesn't exist", MEANS_NO_USER, NULL },
	{ "user doesn't have a", MEANS_NO_USER, NULL },
	{ "account does not exist", MEANS_NO_USER, NULL },
	{ "address does not exist", MEANS_NO_USER, NULL },
	{ "mailbox does not exist", MEANS_NO_USER, NULL },
	{ "recipient does not exist", MEANS_NO_USER, NULL },
	{ "does not exist here", MEANS_NO_USER, NULL },
	{ "that you tried to reach does not exist", MEANS_NO_USER, NULL },
	{ "mailbox not found", MEANS_NO_USER, NULL },
	{ "mailbox unknown", MEANS_NO_USER, NULL },
	{ "unknown mailbox", MEANS_NO_USER, NULL },
	{ "recipient unknown", MEANS_NO_USER, NULL },
	{ "unknown recipient", MEANS_NO_USER, NULL },
	{ "recipient not found", MEANS_NO_USER, NULL },
	{ "recipnotfound", MEANS_NO_USER, NULL },
	{ "invalid recipient", MEANS_NO_USER, NULL },
	{ "invalid mailbox", MEANS_NO_USER, NULL },
	{ "invalid address", MEANS_NO_USER, NULL },
	{ "not a valid recipient", MEANS_NO_USER, NULL },
	{ "not a valid mailbox", MEANS_NO_USER, NULL },
	{ "not a valid user", MEANS_NO_USER, NULL },
	{ "recipient is not exist", MEANS_NO_USER, NULL },
	{ "recipient not exist", MEANS_NO_USER, NULL },
	{ "is not a known user", MEANS_NO_USER, NULL },
	{ "unknown local part", MEANS_NO_USER, NULL },
	{ "unknown local-part", MEANS_NO_USER, NULL },
	{ "unknown or illegal alias", MEANS_NO_USER, NULL },
	{ "unrouteable address", MEANS_NO_USER, "5.1." },
	{ "undeliverable address", MEANS_NO_USER, NULL },
	{ "address unknown", MEANS_NO_USER, NULL },
	{ "unknown address", MEANS_NO_USER, NULL },
	{ "non-existent user", MEANS_NO_USER, NULL },
	{ "not our customer", MEANS_NO_USER, NULL },
	{ "not listed in domino directory", MEANS_NO_USER, NULL },
	{ "ofr_415", MEANS_NO_USER, NULL },
	{ "adresse d au moins un destinataire invalide", MEANS_NO_USER, NULL },
	{ "destinatario sconosciuto", MEANS_NO_USER, NULL },
	{ "requested action not taken: mailbox unavailable", MEANS_NO_USER, "5.5.0" },
	{ "recipient address rejected: access denied", MEANS_NO_USER, "5.4.1" },
	{ "rejected: access denied", MEANS_NO_USER, "5.4.1" },
	{ "account disabled", MEANS_DISABLED, NULL },
	{ "account is disabled", MEANS_DISABLED, NULL },
	{ "account has been disabled", MEANS_DISABLED, NULL },
	{ "account that you tried to reach is disabled", MEANS_DISABLED, NULL },
	{ "account is inactive", MEANS_DISABLED, NULL },
	{ "account inactive", MEANS_DISABLED, NULL },
	{ "account is not active", MEANS_DISABLED, NULL },
	{ "account closed", MEANS_DISABLED, NULL },
	{ "account expired", MEANS_DISABLED, NULL },
	{ "account blocked by administrator", MEANS_DISABLED, NULL },
	{ "mailbox disabled", MEANS_DISABLED, NULL },
	{ "mailbox is disabled", MEANS_DISABLED, NULL },
	{ "mailbox is inactive", MEANS_DISABLED, NULL },
	{ "mailbox inactive", MEANS_DISABLED, NULL },
	{ "mailbox has been closed", MEANS_DISABLED, NULL },
	{ "user is terminated", MEANS_DISABLED, NULL },
	{ "user disabled", MEANS_DISABLED, NULL },
	{ "user is inactive", MEANS_DISABLED, NULL },
	{ "user suspended", MEANS_DISABLED, NULL },
	{ "mailbox is frozen", MEANS_DISABLED, NULL },
	{ "no longer valid", MEANS_MOVED, NULL },
	{ "no longer available", MEANS_MOVED, NULL },
	{ "user has moved", MEANS_MOVED, NULL },
	{ "does not accept mail (nullmx)", MEANS_NULL_MX, NULL },
	{ "null mx", MEANS_NULL_MX, NULL },
};

/* Providers in their own words, which a smarthost passes on. */
static const struct {
	const char *words, *provider;
} quoted[] = {
	{ "gsmtp", "gmail" },
	{ "support.google.com", "gmail" },
	{ "protection.outlook.com", "microsoft365" },
	{ "outlook.com", "microsoft" },
	{ "mail.live.com", "microsoft" },
	{ "hotmail", "microsoft" },
	{ "yahoo", "yahoo" },
	{ "aol.com", "yahoo" },
	{ "postmaster.aol", "yahoo" },
	{ "icloud.com", "icloud" },
	{ "apple.com", "icloud" },
	{ "gmx.net", "gmx" },
	{ "gmx.com", "gmx" },
	{ "postmaster.web.de", "gmx" },
	{ "web.de", "gmx" },
	{ "comcast", "comcast" },
	{ "ofr_", "orange" },
	{ "ofr0", "orange" },
	{ "orange.fr", "orange" },
	{ "postmaster.free.fr", "free" },
	{ "t-online.de", "t-online" },
	{ "mail.ru", "mailru" },
	{ "yandex", "yandex" },
	{ "mail.qq.com", "qq" },
	{ "mail.163.com", "netease" },
	{ "libero.it", "libero" },
	{ "proton.me", "proton" },
	{ "protonmail", "proton" },
	{ "fastmail", "fastmail" },
	{ "zoho", "zoho" },
};

struct group {
	const struct words *words;
	size_t count;
};
#define GROUP(table)                                                                                                                       \
	{                                                                                                                                  \
		table, COUNT_OF(table)                                                                                                     \
	}
/* In this order: what is more particular first. "blocked by the recipient" before "blocked by". */
static const struct group blameless[] = {
	GROUP(account), GROUP(busy),  GROUP(unwanted), GROUP(grey), GROUP(authentication), GROUP(name),
	GROUP(slower),  GROUP(block), GROUP(relaying), GROUP(full), GROUP(size),           GROUP(content)
};
static const struct group of_reader = GROUP(reader);

/* Nobody has read the message before its end, and nobody speaks of a reader before RCPT. */
static bool may_say(enum meaning means, enum smtp_stage stage)
{
	if (means == MEANS_CONTENT)
		return stage == STAGE_DATA_END;
	return means > MEANS_TOO_LARGE || stage == STAGE_RCPT || stage == STAGE_DATA_END ||
	       (means == MEANS_TOO_LARGE && stage == STAGE_MAIL);
}

static enum meaning find(const struct group *group, const char *text, const char *status, enum smtp_stage stage)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct words *w = &group->words[i];
		if (strstr(text, w->words) && (!w->status || text_starts(status, w->status)) && may_say(w->means, stage))
			return w->means;
	}
	return MEANS_NOTHING;
}

enum meaning meaning_of_words(const char *text, const char *status, enum smtp_stage stage)
{
	for (size_t i = 0; i < COUNT_OF(blameless); i++) {
		enum meaning means = find(&blameless[i], text, status, stage);
		if (means != MEANS_NOTHING)
			return means;
	}
	return MEANS_NOTHING;
}

enum meaning meaning_of_reader_words(const char *text, const char *status, enum smtp_stage stage)
{
	return find(&of_reader, text, status, stage);
}

const char *meaning_quoted_provider(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(quoted); i++)
		if (strstr(text, quoted[i].words))
			return quoted[i].provider;
	return NULL;
}
