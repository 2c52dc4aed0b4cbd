/* What real servers say, and what each reply must come to. The texts are those of the servers' sources, postmaster pages and logs, with
 * names of ours. */
#include "policy/policy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const int64_t steps[] = { 5 * MINUTE_US, HOUR_US };
static const struct policy policy = { steps, 2, 4 * DAY_US, true };
static const struct moment now = { INT64_C(1800000000) * SECOND_US, 1000 };

enum { BANNER = STAGE_BANNER, EHLO = STAGE_EHLO, AUTH = STAGE_AUTH, MAIL = STAGE_MAIL, RCPT = STAGE_RCPT, END = STAGE_DATA_END };
/* What must come of it: refused and suppressed; refused; counted and tried again; everybody waits; nobody's fault but ours or the relay's.
 */
enum expected { GONE, REFUSED, SOFT, SLOW, OURS };
enum { NOBODY = SCOPE_NONE, RELAY = SCOPE_RELAY, PROVIDER = SCOPE_PROVIDER };

/* clang-format off: one reply a line */
static const struct reply {
	int stage;
	const char *line; /* code and text, as on the wire, lines joined */
	enum expected expected;
	const char *reason;
	int scope;
} replies[] = {
	/* Gmail */
	{ RCPT,
	  "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address "
	  "for typos or unnecessary spaces. https://support.google.com/mail/?p=NoSuchUser a1-2si.3 - gsmtp",
	  GONE, "no_such_user", NOBODY },
	{ RCPT,
	  "550 5.2.1 The email account that you tried to reach is inactive. https://support.google.com/mail/?p=DisabledUser x - gsmtp",
	  GONE, "mailbox_disabled", NOBODY },
	{ RCPT, "552 5.2.2 The recipient's inbox is out of storage space. https://support.google.com/mail/?p=OverQuotaPerm - gsmtp", SOFT,
	  "mailbox_full", NOBODY },
	{ RCPT, "452 4.2.2 The recipient's inbox is out of storage space. https://support.google.com/mail/?p=OverQuotaTemp - gsmtp", SOFT,
	  "mailbox_full", NOBODY },
	{ RCPT,
	  "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time. - gsmtp",
	  SOFT, "mailbox_busy", NOBODY },
	{ RCPT,
	  "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being "
	  "delivered. - gsmtp",
	  SOFT, "mailbox_busy", NOBODY },
	{ END,
	  "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from "
	  "spam, mail sent from your IP address has been temporarily rate limited. - gsmtp",
	  SLOW, "slow_down", PROVIDER },
	{ END, "550 5.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your SPF domain. - gsmtp", SLOW,
	  "slow_down", PROVIDER },
	{ END,
	  "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with "
	  "either SPF or DKIM. - gsmtp",
	  OURS, "unauthenticated", PROVIDER },
	{ END,
	  "421 4.7.26 This mail has been rate limited because it is unauthenticated. Gmail requires all senders to authenticate. - gsmtp",
	  OURS, "unauthenticated", PROVIDER },
	{ END, "550 5.7.27 This mail has been blocked because SPF does not pass. - gsmtp", OURS, "unauthenticated", PROVIDER },
	{ END, "421 4.7.27 Your email has been rate limited because SPF does not pass. - gsmtp", OURS, "unauthenticated", PROVIDER },
	{ END, "550 5.7.29 This mail has been blocked because it was not sent over a TLS connection. - gsmtp", OURS, "unauthenticated",
	  PROVIDER },
	{ END, "421 4.7.30 Your email has been rate limited because DKIM does not pass. - gsmtp", OURS, "unauthenticated", PROVIDER },
	{ END, "421 4.7.31 This mail has been rate limited because there is no DMARC record. - gsmtp", OURS, "unauthenticated", PROVIDER },
	{ END,
	  "421 4.7.32 Your email has been rate limited because the From: header isn't aligned with either the authenticated SPF or DKIM "
	  "organizational domain. - gsmtp",
	  OURS, "unauthenticated", PROVIDER },
	{ END, "550 5.7.40 The sending domain has no usable DMARC policy. - gsmtp", OURS, "unauthenticated", PROVIDER },
	{ END, "550 5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC policy. - gsmtp", OURS,
	  "unauthenticated", PROVIDER },
	{ END, "421 4.7.23 The IP address sending this message does not have a PTR record setup. - gsmtp", OURS, "no_ptr", PROVIDER },
	{ END,
	  "550 5.7.25 The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does "
	  "not point to the sending IP. - gsmtp",
	  OURS, "no_ptr", PROVIDER },
	{ END,
	  "550 5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, "
	  "this message has been blocked. - gsmtp",
	  OURS, "blocked", PROVIDER },
	{ END, "552 5.7.0 This message was blocked because its content presents a potential security issue. - gsmtp", OURS,
	  "content_refused", PROVIDER },
	{ END, "421 4.7.0 Temporary System Problem. Try again later (CON). - gsmtp", SLOW, "slow_down", PROVIDER },
	{ RCPT,
	  "550 5.7.1 The user or domain that you are sending to (or from) has a policy that prohibited the mail that you sent. - gsmtp",
	  OURS, "refused_by_policy", PROVIDER },
	{ END, "552 5.3.4 Your message exceeded Google's message size limits. - gsmtp", REFUSED, "too_large", PROVIDER },
	{ MAIL,
	  "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to "
	  "https://support.google.com/a/answer/166852 - gsmtp",
	  OURS, "account_quota", RELAY },
	{ AUTH, "535 5.7.8 Username and Password not accepted. https://support.google.com/mail/?p=BadCredentials - gsmtp", OURS,
	  "login_refused", RELAY },
	{ MAIL, "530 5.7.0 Authentication Required. https://support.google.com/accounts/troubleshooter/2402620 - gsmtp", OURS,
	  "login_refused", RELAY },
	{ RCPT, "450 4.3.0 Mail server temporarily rejected message. - gsmtp", SOFT, "temporary_failure", NOBODY },
	/* Outlook.com, Exchange Online */
	{ RCPT, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 5.4.1 Recipient address rejected: Access denied. [XX.eurprd04.prod.outlook.com 2026-01-01]", GONE, "no_such_user",
	  NOBODY },
	{ RCPT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", GONE, "no_such_domain", NOBODY },
	{ MAIL,
	  "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of "
	  "their network is on our block list (S3140). You can also refer your provider to "
	  "http://mail.live.com/mail/troubleshooting.aspx#errors. [outlook.com]",
	  OURS, "blocked", RELAY },
	{ RCPT,
	  "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of "
	  "their network is on our block list (S3150). http://mail.live.com/mail/troubleshooting.aspx#errors.",
	  OURS, "blocked", PROVIDER },
	{ END,
	  "550 5.7.515 Access denied, sending domain EXAMPLE.ORG does not meet the required authentication level. The sender's domain in "
	  "the 5322.From address doesn't meet the authentication requirements [x.namprd.prod.outlook.com]",
	  OURS, "unauthenticated", PROVIDER },
	{ END,
	  "550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification and has a DMARC policy of reject. "
	  "[outlook.com]",
	  OURS, "unauthenticated", PROVIDER },
	{ RCPT,
	  "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit "
	  "https://sender.office.com/",
	  OURS, "blocked", RELAY },
	{ RCPT,
	  "550 5.7.511 Access denied, banned sender[192.0.2.1]. To request removal from this list please forward this message to "
	  "delist@microsoft.com",
	  OURS, "blocked", RELAY },
	{ RCPT,
	  "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. For more information please go to "
	  "http://go.microsoft.com/fwlink/?LinkId=526653",
	  OURS, "blocked", RELAY },
	{ MAIL,
	  "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail delivery "
	  "information, see https://postmaster.live.com (S775) [outlook.com]",
	  SLOW, "slow_down", RELAY },
	{ RCPT, "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77712)", SLOW, "slow_down", RELAY },
	{ BANNER,
	  "421 RP-001 (SNT004-MC1F43) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try again. The mail server IP "
	  "connecting to Outlook.com server has exceeded the rate limit allowed.",
	  SLOW, "slow_down", RELAY },
	{ MAIL,
	  "550 SC-001 (COL004-MC1F1) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your Internet service provider "
	  "since part of their network is on our block list.",
	  OURS, "blocked", RELAY },
	{ RCPT,
	  "450 4.2.2 The recipient has exceeded their limit for the number of messages they can receive per hour. [RecipientThrottled]",
	  SOFT, "mailbox_busy", NOBODY },
	{ END, "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", SOFT, "mailbox_full", NOBODY },
	{ END, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required [Stage: CreateMessage]", OURS, "login_refused", RELAY },
	{ END, "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized", REFUSED, "unwanted", NOBODY },
	{ END, "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient", REFUSED, "too_large", RELAY },
	{ MAIL, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", OURS, "relay_refused", RELAY },
	{ END, "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message", OURS,
	  "sender_unverified", RELAY },
	{ RCPT, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", OURS, "relay_denied", RELAY },
	{ RCPT, "550 5.7.1 Unable to relay", OURS, "relay_denied", RELAY },
	{ AUTH, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", OURS, "login_refused",
	  RELAY },
	{ MAIL, "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.", SLOW,
	  "slow_down", RELAY },
	{ MAIL, "530 5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM", OURS, "login_refused", RELAY },
	{ RCPT, "452 4.3.1 Insufficient system resources", SLOW, "slow_down", RELAY },
	{ RCPT, "452 4.5.3 Too many recipients", SLOW, "slow_down", RELAY },
	{ RCPT, "450 4.4.317 Cannot establish session with remote server", SOFT, "temporary_failure", NOBODY },
	{ END, "550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.23 SPF validation failed", OURS,
	  "unauthenticated", RELAY },
	/* Yahoo, AOL */
	{ RCPT, "552 1 Requested mail action aborted, mailbox not found", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 5.1.1 <ann@yahoo.com>: Recipient address rejected: User unknown in virtual mailbox table", GONE, "no_such_user",
	  NOBODY },
	{ END, "554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0] - mta1.mail.ne1.yahoo.com", GONE,
	  "no_such_user", NOBODY },
	{ END,
	  "554 delivery error: dd Sorry your message to ann@yahoo.com cannot be delivered. This account has been disabled or discontinued "
	  "[#102]. - mta1.yahoo.com",
	  GONE, "mailbox_disabled", NOBODY },
	{ BANNER,
	  "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see "
	  "https://postmaster.yahooinc.com/error-codes",
	  SLOW, "slow_down", RELAY },
	{ MAIL,
	  "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see "
	  "https://postmaster.yahooinc.com/error-codes",
	  SLOW, "slow_down", RELAY },
	{ RCPT,
	  "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed. See "
	  "https://postmaster.yahooinc.com/error-codes",
	  SLOW, "slow_down", PROVIDER },
	{ BANNER,
	  "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see "
	  "http://postmaster.yahoo.com/550-bl23.html",
	  OURS, "blocked", RELAY },
	{ END, "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes (PH01)", OURS,
	  "unauthenticated", PROVIDER },
	{ END,
	  "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit "
	  "https://postmaster.yahooinc.com/error-codes",
	  OURS, "unauthenticated", PROVIDER },
	{ RCPT, "451 4.3.2 Internal error reading data. Please try again", SLOW, "relay_trouble", RELAY },
	{ RCPT, "452 4.2.2 Mailbox over quota: the account is full", SOFT, "mailbox_full", NOBODY },
	{ BANNER, "554 5.7.1 (RTR:BB) https://postmaster.aol.com/error-codes", OURS, "blocked", RELAY },
	{ MAIL, "521 5.2.1 (CON:B1) https://postmaster.aol.com/error-codes", OURS, "blocked", RELAY },
	{ RCPT, "550 5.1.1 <ann@aol.com>: Recipient address rejected: aol.com", GONE, "no_such_user", NOBODY },
	/* iCloud */
	{ RCPT, "550 5.1.1 <ann@icloud.com>: user does not exist", GONE, "no_such_user", NOBODY },
	{ RCPT, "552 5.2.2 <ann@icloud.com>: user is over quota", SOFT, "mailbox_full", NOBODY },
	{ END, "554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137", OURS,
	  "content_refused", PROVIDER },
	{ END, "554 5.7.1 [HM08] Message rejected due to local policy violation. https://support.apple.com/HT204137 icloud.com", OURS,
	  "content_refused", PROVIDER },
	{ RCPT, "450 4.7.1 Too many messages, slow down. See https://support.apple.com/HT204137", SLOW, "slow_down", PROVIDER },
	/* GMX, web.de, 1&1 */
	{ BANNER,
	  "554 gmx.net (mxgmx101) Nemesis ESMTP Service not available No SMTP service Bad DNS PTR resource record. For explanation visit "
	  "https://postmaster.gmx.net/en/error-messages",
	  OURS, "no_ptr", RELAY },
	{ BANNER,
	  "554 gmx.net (mxgmx016) Nemesis ESMTP Service not available No SMTP service IP address is blocked. For explanation visit "
	  "https://postmaster.gmx.net/en/case?c=r0103&i=ip",
	  OURS, "blocked", RELAY },
	{ END,
	  "550 Requested action not taken: mailbox unavailable For explanation visit "
	  "https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=rip",
	  OURS, "blocked", PROVIDER },
	{ RCPT, "550 Requested action not taken: mailbox unavailable", OURS, "relay_refused", RELAY },
	{ RCPT, "550 5.1.1 Requested action not taken: mailbox unavailable", GONE, "no_such_user", NOBODY },
	{ END,
	  "554 Transaction failed Reject due to policy restrictions. The domain's DMARC record asks for it. "
	  "https://postmaster.web.de/en/case?c=dmarc",
	  OURS, "unauthenticated", PROVIDER },
	{ RCPT, "450 Requested mail action not taken: mailbox unavailable Mailbox is full", SOFT, "mailbox_full", NOBODY },
	{ RCPT, "552 Requested mail action aborted: exceeded storage allocation Quota exceeded. The recipient mailbox is full.", SOFT,
	  "mailbox_full", NOBODY },
	{ RCPT, "450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded. sending limit", OURS, "account_quota",
	  RELAY },
	/* T-Online, Orange, Free, Libero, Comcast */
	{ BANNER,
	  "554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) ask for "
	  "reset",
	  OURS, "blocked", RELAY },
	{ RCPT, "550 5.1.1 unknown recipient t-online.de", GONE, "no_such_user", NOBODY },
	{ BANNER,
	  "421 mwinf5c15 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]",
	  SLOW, "slow_down", RELAY },
	{ MAIL, "550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]", OURS, "blocked", RELAY },
	{ RCPT, "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_415 [415]", GONE, "no_such_user", NOBODY },
	{ RCPT, "451 too many errors detected from your IP (192.0.2.1), please visit http://postmaster.free.fr/", SOFT, "temporary_failure",
	  NOBODY },
	{ RCPT, "550 User unknown in relay recipient table, see http://postmaster.free.fr/", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 5.1.1 destinatario sconosciuto libero.it", GONE, "no_such_user", NOBODY },
	{ BANNER,
	  "554 resimta-po-01v.sys.comcast.net comcast 192.0.2.1 Comcast block for spam. Please see "
	  "http://postmaster.comcast.net/smtp-error-codes.php#BL000000",
	  OURS, "blocked", RELAY },
	{ RCPT, "550 5.1.1 Not our Customer", GONE, "no_such_user", NOBODY },
	{ BANNER, "421 4.1.0 192.0.2.1 Throttled - try again later. Please see http://postmaster.comcast.net/smtp-error-codes.php#RL000003",
	  SLOW, "slow_down", RELAY },
	{ BANNER, "421 Reverse DNS failure: Try again later. comcast", OURS, "no_ptr", RELAY },
	/* Postfix */
	{ RCPT, "550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in local recipient table", GONE, "no_such_user",
	  NOBODY },
	{ RCPT, "450 4.1.1 <ann@example.org>: Recipient address rejected: unverified address: user unknown", SOFT, "temporary_failure",
	  NOBODY },
	{ RCPT, "554 5.7.1 <ann@example.org>: Relay access denied", OURS, "relay_denied", RELAY },
	{ RCPT, "454 4.7.1 <ann@example.org>: Relay access denied", OURS, "relay_denied", RELAY },
	{ RCPT,
	  "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
	  "https://www.spamhaus.org/query/ip/192.0.2.1",
	  OURS, "blocked", RELAY },
	{ RCPT, "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]", OURS, "no_ptr", RELAY },
	{ RCPT, "450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", OURS, "no_ptr", RELAY },
	{ RCPT, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", OURS, "no_ptr", RELAY },
	{ RCPT, "553 5.7.1 <news@example.org>: Sender address rejected: not owned by user ann", OURS, "sender_unverified", RELAY },
	{ MAIL, "450 4.1.8 <news@example.org>: Sender address rejected: Domain not found", OURS, "sender_refused", RELAY },
	{ RCPT,
	  "450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.org.html",
	  SOFT, "greylisted", NOBODY },
	{ END, "552 5.3.4 Message size exceeds fixed limit", REFUSED, "too_large", RELAY },
	{ RCPT, "451 4.3.0 <ann@example.org>: Temporary lookup failure", SOFT, "temporary_failure", NOBODY },
	{ END, "451 4.3.0 Error: queue file write error", SOFT, "temporary_failure", NOBODY },
	{ RCPT, "452 4.3.1 Insufficient system storage", SLOW, "relay_trouble", RELAY },
	{ MAIL, "421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1", SLOW, "slow_down", RELAY },
	{ RCPT, "450 4.7.1 Error: too much mail from 192.0.2.1", SLOW, "slow_down", RELAY },
	{ RCPT, "554 5.7.1 <ann@example.org>: Recipient address rejected: Access denied", OURS, "refused_by_policy", RELAY },
	{ RCPT, "550 5.1.6 <ann@example.org>: Recipient address rejected: User has moved to ann@example.com", GONE, "moved", NOBODY },
	{ RCPT, "556 5.1.10 <ann@example.org>: Recipient address rejected: Domain example.org does not accept mail (nullMX)", GONE,
	  "no_such_domain", NOBODY },
	{ RCPT, "550 5.1.3 <ann@@example.org>: bad address syntax", GONE, "bad_address", NOBODY },
	{ RCPT, "550 5.1.2 <ann@nowhere.example>: Recipient address rejected: Domain not found", OURS, "no_route", RELAY },
	{ RCPT, "553 5.6.7 <m\xc3\xbcller@example.org> SMTPUTF8 is required, but was not offered", REFUSED, "no_smtputf8", NOBODY },
	{ MAIL, "530 5.7.0 Must issue a STARTTLS command first", OURS, "tls_wanted", RELAY },
	{ MAIL, "503 5.5.1 Error: nested MAIL command", OURS, "protocol", RELAY },
	{ EHLO, "501 5.5.4 Syntax: EHLO hostname", OURS, "protocol", RELAY },
	{ AUTH, "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", OURS, "login_refused", RELAY },
	{ AUTH, "454 4.7.0 Temporary authentication failure: Connection lost to authentication server", SLOW, "slow_down", RELAY },
	/* Exim */
	{ RCPT, "550 Unrouteable address", OURS, "relay_refused", RELAY },
	{ RCPT, "550 5.1.1 Unrouteable address", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 relay not permitted", OURS, "relay_denied", RELAY },
	{ RCPT, "550 No such person at this address", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 Sender verify failed", OURS, "sender_refused", RELAY },
	{ RCPT, "550 rejected because 192.0.2.1 is in a black list at bl.spamcop.net", OURS, "blocked", RELAY },
	{ RCPT, "451 Temporary local problem - please try later", SOFT, "temporary_failure", NOBODY },
	{ RCPT, "451 greylisted, please try again in 300 seconds", SOFT, "greylisted", NOBODY },
	{ BANNER, "421 too many concurrent SMTP connections; please try again later.", SLOW, "slow_down", RELAY },
	{ END, "550 This message was classified as SPAM and may not be delivered", OURS, "content_refused", RELAY },
	{ RCPT, "550 mailbox is full", SOFT, "mailbox_full", NOBODY },
	/* qmail, vpopmail */
	{ RCPT, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", OURS, "relay_denied", RELAY },
	{ RCPT, "550 sorry, no mailbox here by that name (#5.1.1 - chkuser)", GONE, "no_such_user", NOBODY },
	{ RCPT, "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", GONE, "no_such_user", NOBODY },
	{ RCPT, "552 sorry, recipient mailbox is full or overquota (#5.2.2 - chkuser)", SOFT, "mailbox_full", NOBODY },
	{ RCPT, "451 qqt failure (#4.3.0)", SOFT, "temporary_failure", NOBODY },
	/* sendmail */
	{ RCPT, "550 5.1.1 <ann@example.org>... User unknown", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 5.7.1 <ann@example.org>... Relaying denied", OURS, "relay_denied", RELAY },
	{ RCPT, "550 5.7.1 <ann@example.org>... Relaying denied. Proper authentication required.", OURS, "login_refused", RELAY },
	{ MAIL, "553 5.1.8 <news@example.org>... Domain of sender address news@example.org does not exist", OURS, "sender_refused", RELAY },
	{ RCPT, "451 4.7.1 Greylisting in action, please come back in 00:05:00", SOFT, "greylisted", NOBODY },
	{ BANNER, "421 4.3.2 Connection rate limit exceeded.", SLOW, "slow_down", RELAY },
	{ RCPT, "550 5.0.0 <ann@example.org>... mailbox unknown", GONE, "no_such_user", NOBODY },
	/* Amazon SES */
	{ END,
	  "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: "
	  "news@example.org",
	  OURS, "sender_unverified", RELAY },
	{ END, "454 Throttling failure: Maximum sending rate exceeded.", SLOW, "slow_down", RELAY },
	{ END, "454 Throttling failure: Daily message quota exceeded.", OURS, "account_quota", RELAY },
	{ AUTH, "535 Authentication Credentials Invalid", OURS, "login_refused", RELAY },
	{ END,
	  "554 Message rejected: Sending paused for this account. For more information, please check the inbox of the email address "
	  "associated with your AWS account.",
	  OURS, "account_suspended", RELAY },
	{ MAIL, "530 Authentication required", OURS, "login_refused", RELAY },
	{ END, "451 4.4.2 Timeout waiting for data from client.", SOFT, "temporary_failure", NOBODY },
	{ END, "552 5.3.4 Message is too long", REFUSED, "too_large", RELAY },
	/* SendGrid, Mailgun, Mandrill, Postmark, Brevo */
	{ END, "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", OURS,
	  "sender_unverified", RELAY },
	{ MAIL, "550 Unauthenticated senders not allowed", OURS, "login_refused", RELAY },
	{ AUTH, "451 Authentication failed: Maximum credits exceeded", OURS, "account_quota", RELAY },
	{ AUTH, "535 Authentication failed: Bad username / password", OURS, "login_refused", RELAY },
	{ END,
	  "550 5.7.1 Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized recipients",
	  OURS, "sender_unverified", RELAY },
	{ END, "421 Domain news.example.org is not allowed to send: recipient limit exceeded. Try again after Thu", OURS,
	  "sender_unverified", RELAY },
	{ RCPT, "550 5.7.1 Relaying denied", OURS, "relay_denied", RELAY },
	{ END, "550 5.7.1 Your account has been suspended. Please contact support", OURS, "account_suspended", RELAY },
	{ MAIL, "454 4.7.1 Hourly quota reached", OURS, "account_quota", RELAY },
	{ END, "550 Sender Signature not found. Please create a sender signature for the From address", OURS, "sender_unverified", RELAY },
	{ END, "502 5.7.0 Please authenticate first", OURS, "login_refused", RELAY },
	/* Proofpoint, Mimecast, Barracuda, Cisco */
	{ BANNER, "554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", OURS, "blocked", RELAY },
	{ RCPT, "550 5.1.1 <ann@example.org> User unknown - proofpoint", GONE, "no_such_user", NOBODY },
	{ RCPT, "451 4.7.1 Rate limited: sending rate from your address is too high", SLOW, "slow_down", RELAY },
	{ RCPT, "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [abc]", GONE, "no_such_user", NOBODY },
	{ RCPT, "451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451", SOFT,
	  "temporary_failure", NOBODY },
	{ RCPT, "550 Rejected by header based Anti-Spoofing policy: news@example.org - https://community.mimecast.com/docs/DOC-1369#550",
	  OURS, "unauthenticated", RELAY },
	{ RCPT, "550 User Envelope Blocked - User Entry - https://community.mimecast.com/docs/DOC-1369#550", REFUSED, "unwanted", NOBODY },
	{ RCPT, "550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550", OURS, "blocked", RELAY },
	{ END, "554 Email rejected due to security policies - https://community.mimecast.com/docs/DOC-1369#554 message content", OURS,
	  "content_refused", RELAY },
	{ RCPT,
	  "554 Service unavailable; Client host [mail.example.org] blocked using Barracuda Reputation; "
	  "http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1",
	  OURS, "blocked", RELAY },
	{ END, "550 permanent failure for one or more recipients (ann@example.org:blocked)", OURS, "relay_refused", RELAY },
	{ END, "554 rejected due to spam content", OURS, "content_refused", RELAY },
	{ RCPT, "550 #5.1.0 Address rejected.", OURS, "relay_refused", RELAY },
	{ BANNER, "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.", OURS, "blocked",
	  RELAY },
	/* QQ, NetEase */
	{ RCPT, "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&no=1000728", GONE, "no_such_user", NOBODY },
	{ END, "550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726", OURS, "content_refused",
	  PROVIDER },
	{ MAIL, "550 Ip frequency limited [xxx]. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725", SLOW,
	  "slow_down", RELAY },
	{ BANNER, "550 Connection frequency limited. http://service.mail.qq.com/cgi-bin/help?id=20022", SLOW, "slow_down", RELAY },
	{ END, "550 Suspected bounce attacks. http://service.mail.qq.com", OURS, "relay_refused", PROVIDER },
	{ END, "554 DT:SPM 126 smtp1,_____wAXJnHs,1370936346 http://mail.163.com/help/help_spam_16.htm?ip=1", OURS, "relay_refused",
	  PROVIDER },
	{ RCPT, "550 User not found: ann@163.com", GONE, "no_such_user", NOBODY },
	{ RCPT, "450 MI:CEL mxprod, http://mail.163.com/help/ too many connections", SLOW, "slow_down", PROVIDER },
	{ RCPT, "550 MI:SPF mx14 spf check failed http://mail.163.com/help/help_spam_16.htm", OURS, "unauthenticated", PROVIDER },
	/* Mail.ru, Yandex */
	{ RCPT, "550 Message was not accepted -- invalid mailbox. Local mailbox ann@mail.ru is unavailable: user not found", GONE,
	  "no_such_user", NOBODY },
	{ RCPT, "550 Message was not accepted -- invalid mailbox. Local mailbox ann@mail.ru is unavailable: account is disabled", GONE,
	  "no_such_user", NOBODY },
	{ END, "550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=1 or report details", OURS,
	  "content_refused", PROVIDER },
	{ END, "451 Ratelimit exceeded for mailbox. Try again later. help.mail.ru", SLOW, "slow_down", PROVIDER },
	{ RCPT, "550 5.7.1 No such user! 1700000000-abc - yandex.ru", OURS, "refused_by_policy", PROVIDER },
	{ RCPT, "550 5.1.1 No such user! 1700000000-abc", GONE, "no_such_user", NOBODY },
	{ END, "554 5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/1IrBc 1700000000 yandex", OURS, "refused_by_policy",
	  PROVIDER },
	{ RCPT, "451 4.7.1 Sorry, the service is currently unavailable. Please come back later. yandex", SOFT, "temporary_failure",
	  NOBODY },
	{ RCPT, "550 5.2.2 Mailbox size limit exceeded 1700000000 yandex", SOFT, "mailbox_full", NOBODY },
	/* Small ones, and words that must not mislead. */
	{ RCPT, "550 Unknown user", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 5.1.1 <antispam@example.org>: Recipient address rejected: User unknown", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 5.1.1 <blacklist@spamhaus.example>: no such user at corporate", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 Invalid recipient ann@example.org (Domino)", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 ann... No such mailbox", GONE, "no_such_user", NOBODY },
	{ RCPT, "550 account has been disabled", GONE, "mailbox_disabled", NOBODY },
	{ RCPT, "550", OURS, "relay_refused", RELAY },
	{ RCPT, "450", SOFT, "temporary_failure", NOBODY },
	{ RCPT, "554 5.7.1 user unknown to our policy", OURS, "refused_by_policy", RELAY },
	{ MAIL, "550 5.1.1 user unknown", OURS, "relay_refused", RELAY },
	{ BANNER, "554 no such user here", OURS, "relay_refused", RELAY },
	{ AUTH, "550 5.2.1 account disabled", OURS, "login_refused", RELAY },
	{ END, "554 5.6.0 message malformed", OURS, "content_refused", RELAY },
	{ RCPT, "550 5.4.6 mail loop: too many hops", OURS, "no_route", RELAY },
	{ RCPT, "451 4.4.5 mail system congestion", SLOW, "slow_down", RELAY },
	{ END, "999 what", OURS, "relay_refused", RELAY },
};
/* clang-format on */

static void read_line(const struct reply *reply, struct outcome *outcome)
{
	int class = 0;
	int subject = 0;
	int detail = 0;
	*outcome = (struct outcome){ .kind = OUTCOME_REPLY, .stage = (enum smtp_stage)reply->stage };
	outcome->code = (int)strtol(reply->line, NULL, 10);
	snprintf(outcome->reply, sizeof outcome->reply, "%s", strlen(reply->line) > 4 ? reply->line + 4 : "");
	if (sscanf(outcome->reply, "%1d.%3d.%3d ", &class, &subject, &detail) == 3)
		snprintf(outcome->status, sizeof outcome->status, "%d.%d.%d", class, subject, detail);
}

static struct verdict judge(const struct outcome *outcome, int attempts, int64_t age_us)
{
	struct history history = { .attempts = attempts, .queued_us = now.wall_us - age_us };
	return policy_reply(outcome, &history, &policy, 12345, now);
}

static void expect(const struct reply *reply, const struct verdict *v)
{
	bool bounces = reply->expected == GONE || reply->expected == REFUSED;
	if (strcmp(v->reason, reply->reason) != 0 || v->scope != (enum scope)reply->scope)
		fail_msg("\"%s\" is %s of scope %d, not %s of %d", reply->line, v->reason, v->scope, reply->reason, reply->scope);
	if (v->suppress != (reply->expected == GONE) || (v->kind == VERDICT_BOUNCE) != bounces)
		fail_msg("\"%s\": kind %d, suppress %d", reply->line, v->kind, v->suppress);
	if (v->counts_attempt != (reply->expected == GONE || reply->expected == SOFT))
		fail_msg("\"%s\": counts %d", reply->line, v->counts_attempt);
	if (reply->expected == SLOW && (!v->slow_down || v->kind != VERDICT_DEFER))
		fail_msg("\"%s\": not slow", reply->line);
	if (reply->expected == OURS && v->door != DOOR_US && v->door != DOOR_RELAY)
		fail_msg("\"%s\": door %s", reply->line, door_words[v->door]);
	if (!bounces && v->due_us <= now.wall_us)
		fail_msg("\"%s\": due in the past", reply->line);
}

static void test_what_real_servers_say(void **state)
{
	(void)state;
	assert_true(COUNT_OF(replies) >= 150);
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		struct outcome outcome;
		read_line(&replies[i], &outcome);
		struct verdict verdict = judge(&outcome, 0, MINUTE_US);
		expect(&replies[i], &verdict);
	}
}

static void test_nothing_said_before_the_recipient_is_about_a_reader(void **state)
{
	static const enum smtp_stage stages[] = { STAGE_CONNECT, STAGE_BANNER, STAGE_EHLO, STAGE_TLS, STAGE_AUTH, STAGE_MAIL, STAGE_DATA };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++)
		for (size_t s = 0; s < COUNT_OF(stages); s++) {
			struct outcome outcome;
			read_line(&replies[i], &outcome);
			outcome.stage = stages[s];
			struct verdict v = judge(&outcome, 20, MINUTE_US);
			assert_false(v.suppress);
			assert_false(v.counts_attempt);
			assert_true(v.door != DOOR_READER);
			assert_true(v.scope != SCOPE_PROVIDER);
		}
}

/* Any text with any code and status, at any stage. */
static void test_suppression_is_the_readers_door_and_a_5xx(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (int i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		const struct reply *reply = &replies[(random >> 8) % COUNT_OF(replies)];
		struct outcome outcome;
		read_line(reply, &outcome);
		outcome.stage = (enum smtp_stage)(i % STAGE_COUNT);
		outcome.code = 400 + (int)(random >> 16) % 200;
		snprintf(outcome.status, sizeof outcome.status, "%d.%d.%d", outcome.code / 100, i % 9, i / 9 % 42);
		struct verdict v = judge(&outcome, 9, i % 2 * 9 * DAY_US);
		if (v.suppress && (v.door != DOOR_READER || outcome.code < 500 || v.kind != VERDICT_BOUNCE))
			fail_msg("%d %s \"%s\"", outcome.code, outcome.status, reply->line);
		assert_true((v.due_us > now.wall_us) == (v.kind != VERDICT_EXPIRE && v.kind != VERDICT_BOUNCE));
		assert_true((v.scope != SCOPE_NONE) == (v.door == DOOR_US || v.door == DOOR_RELAY));
		assert_true(strlen(v.reason) > 0);
	}
}

static void test_registered_statuses_of_ours_never_count_against_a_reader(void **state)
{
	(void)state;
	for (int detail = 1; detail <= 999; detail++) {
		struct outcome outcome = { .kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 550, .reply = "user unknown" };
		snprintf(outcome.status, sizeof outcome.status, "5.7.%d", detail);
		struct verdict v = judge(&outcome, 0, 0);
		assert_false(v.suppress);
		assert_false(v.counts_attempt);
	}
}

static void test_a_wait_asked_for_in_words_is_read(void **state)
{
	static const struct {
		const char *reply;
		int64_t us;
	} cases[] = {
		{ "greylisted, please try again in 300 seconds", 300 * SECOND_US },
		{ "Try again in 5 minutes", 5 * MINUTE_US },
		{ "Greylisting in action, please come back in 00:05:00", 5 * MINUTE_US },
		{ "greylisted for 04:59, sorry", 299 * SECOND_US },
		{ "too many; retry after 2 hours", 2 * HOUR_US },
		{ "please retry in 90s", 90 * SECOND_US },
		{ "Greylisted for 299 sec", 299 * SECOND_US },
		{ "wait 10 min.", 10 * MINUTE_US },
		{ "try again in 99999999999 hours", DAY_US },
		{ "try again in 5 mailboxes", 0 },
		{ "try again later, see 4.7.1 and RFC 5321", 0 },
		{ "try again", 0 },
		{ "", 0 },
		{ "in 5 minutes", 0 },
		{ "retry 1:", 0 },
		{ "please try again later from [192.0.2.1]. (AS77712)", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (policy_asked_us(cases[i].reply) != cases[i].us)
			fail_msg("\"%s\": %lld s", cases[i].reply, (long long)(policy_asked_us(cases[i].reply) / SECOND_US));
}

static void test_a_wait_asked_for_is_kept(void **state)
{
	struct outcome outcome = {
		.kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 451, .reply = "greylisted, try again in 20 minutes"
	};
	(void)state;
	struct verdict v = judge(&outcome, 0, 0);
	assert_true(v.asked_us == 20 * MINUTE_US);
	assert_in_range(v.due_us - now.wall_us, 20 * MINUTE_US, 23 * MINUTE_US);
	/* One that asks for too little every time is asked by our schedule. */
	snprintf(outcome.reply, sizeof outcome.reply, "greylisted, try again in 1 minute");
	assert_in_range(judge(&outcome, 0, 0).due_us - now.wall_us, MINUTE_US, 2 * MINUTE_US);
	assert_in_range(judge(&outcome, 5, 0).due_us - now.wall_us, 54 * MINUTE_US, 66 * MINUTE_US);
	outcome = (struct outcome){
		.kind = OUTCOME_REPLY, .stage = STAGE_MAIL, .code = 421, .reply = "too many connections, retry in 10 min"
	};
	v = judge(&outcome, 0, 0);
	assert_true(v.slow_down && v.asked_us == 10 * MINUTE_US && v.scope == SCOPE_RELAY);
}

static void test_a_letter_that_is_refused_for_our_sake_is_tried_ever_more_rarely(void **state)
{
	struct outcome outcome = { .kind = OUTCOME_REPLY, .stage = STAGE_MAIL, .code = 550, .reply = "no" };
	(void)state;
	assert_in_range(judge(&outcome, 0, 0).due_us - now.wall_us, 4 * MINUTE_US, 6 * MINUTE_US);
	assert_in_range(judge(&outcome, 0, 8 * HOUR_US).due_us - now.wall_us, 108 * MINUTE_US, 132 * MINUTE_US);
	assert_in_range(judge(&outcome, 0, 3 * DAY_US).due_us - now.wall_us, 5 * HOUR_US, 7 * HOUR_US);
	assert_int_equal(judge(&outcome, 0, 5 * DAY_US).kind, VERDICT_EXPIRE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_real_servers_say),
		                            cmocka_unit_test(test_nothing_said_before_the_recipient_is_about_a_reader),
		                            cmocka_unit_test(test_suppression_is_the_readers_door_and_a_5xx),
		                            cmocka_unit_test(test_registered_statuses_of_ours_never_count_against_a_reader),
		                            cmocka_unit_test(test_a_wait_asked_for_in_words_is_read),
		                            cmocka_unit_test(test_a_wait_asked_for_is_kept),
		                            cmocka_unit_test(test_a_letter_that_is_refused_for_our_sake_is_tried_ever_more_rarely) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
