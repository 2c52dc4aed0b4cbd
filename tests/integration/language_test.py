#!/usr/bin/env python3
"""Joining and leaving in every language there is: each page a reader comes to speaks the list's, and what knows no list is English."""
import email
import email.policy
import html
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

# A title, then what the pages are headed: mailbox, join, joined, leave, left, again.
LISTS = {
    "en": ("Harbour News", "Look into your mailbox", "Subscribe to Harbour News?", "You are subscribed", "Leave Harbour News?", "You are unsubscribed", "You are subscribed again"),
    "de": ("Hafenblatt", "Sehen Sie in Ihr Postfach", "Hafenblatt abonnieren?", "Sie haben abonniert", "Hafenblatt abbestellen?", "Sie sind abgemeldet", "Sie haben wieder abonniert"),
    "he": ("חדשות הנמל", "בדקו את תיבת הדואר", "להירשם אל חדשות הנמל?", "נרשמתם", "להסיר את הכתובת מרשימת חדשות הנמל?", "הוסרתם מהרשימה", "נרשמתם מחדש"),
    "ar": ("أخبار الميناء", "تحقق من بريدك", "هل تريد الاشتراك في أخبار الميناء؟", "تم الاشتراك", "هل تريد إلغاء الاشتراك في أخبار الميناء؟", "أُلغي الاشتراك", "عاد الاشتراك"),
    "fr": ("L’Écho <du> port", "Consultez votre boîte de réception", "S’abonner à L’Écho <du> port ?", "Votre abonnement est confirmé", "Se désabonner de L’Écho <du> port ?",
           "Votre désabonnement est confirmé", "Votre abonnement est rétabli"),
    "es": ("El Puerto", "Mire su buzón de correo", "¿Suscribirse a El Puerto?", "Su suscripción está confirmada", "¿Darse de baja de El Puerto?", "Se ha dado de baja", "Su suscripción sigue activa"),
    "ru": ("Гавань", "Проверьте почту", "Подписаться на «Гавань»?", "Вы подписаны", "Отписаться от «Гавань»?", "Вы отписаны", "Вы снова подписаны"),
}
ENGLISH = re.compile(r"\b(you|your|the|this|will|please|subscribe|unsubscribed?|confirm|leave|press|mail is|skip)\b", re.I)
BUTTON = re.compile(r"<button[^>]*>[^<]+</button>")


def ask(site, path, peer="192.0.2.1", **fields):
    """A form that is sent, by somebody at an address of their own."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.web}{path}", urllib.parse.urlencode(fields).encode(), {"X-Forwarded-For": peer})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as reply:
        return reply.code, reply.read().decode()


def is_page(answer, language, heading, status=200):
    """A page in a language: its frame, its heading, no word left out and, but in English, none of English."""
    got, body = answer
    rtl = language in ("he", "ar")
    assert got == status and f'<html lang="{language}" dir="{"rtl" if rtl else "ltr"}">' in body, (got, body)
    assert f"<h1>{html.escape(heading, quote=False)}</h1>" in body.replace("&#39;", "'"), (heading, body)
    assert "<title></title>" not in body and "{{" not in body and not re.search(r"<(p|h1|button|a)\b[^>]*>\s*</", body), body
    text = re.sub(r"<[^>]*>|\S+@\S+", " ", body)
    assert language == "en" or not ENGLISH.search(text), ENGLISH.findall(text)
    return body


def form_of(site, language):
    return re.search(r'name="form" value="([^"]+)"', site.get("/" + language)[1])[1]


def mail_link(sink, to, kind):
    assert peers.wait_for(lambda: any(mailed == to for _, mailed, _ in sink.mails), 20), to
    data = next(data for _, mailed, data in sink.mails if mailed == to)
    return re.search(f"/{kind}/[\\w-]+", email.message_from_bytes(data, policy=email.policy.default).get_body(("plain",)).get_content())[0]


def state(site, to):
    return site.rows("subscriber", "show", to)[0]["subscriptions"][0]["state"]


def joins(site, sink, language, form):
    title, mailbox, join, joined = LISTS[language][:4]
    to = f"new@{language}.test"
    assert title in html.unescape(is_page(ask(site, "/" + language, f"192.0.2.{[*LISTS].index(language)}", email=to, name="", website="", form=form), language, mailbox))
    path = mail_link(sink, to, "c")
    page = is_page(site.get(path), language, join)
    assert to in page and len(BUTTON.findall(page)) == 1 and state(site, to) != "active", page
    is_page(ask(site, path, yes="1"), language, joined)
    assert state(site, to) == "active"
    is_page(site.get(path), language, joined)


def leaves(site, sink, language, post):
    leave, left, again = LISTS[language][4:]
    to = f"new@{language}.test"
    campaign = site.run("campaign", "create", language, "--post", post).stdout.decode().strip()
    mail = site.run("campaign", "preview", campaign, "--to", to, "--eml").stdout
    path = re.search(rb"List-Unsubscribe:\s*<https?://[^/]*(/u/[\w-]+)>", mail)[1].decode()
    page = is_page(site.get(path), language, leave)
    assert len(BUTTON.findall(page)) == 1 and 'name="List-Unsubscribe" value="One-Click"' in page and state(site, to) == "active", page
    page = is_page(ask(site, path, **{"List-Unsubscribe": "One-Click"}), language, left)
    assert len(BUTTON.findall(page)) == 1 and state(site, to) == "unsubscribed", page
    is_page(ask(site, path, undo="1"), language, again)
    assert state(site, to) == "active"
    if language not in ("de", "he"):
        return
    # A test mail's link says what it is.
    site.run("campaign", "test", campaign, "--to", f"tester@{language}.test")
    path = mail_link(sink, f"tester@{language}.test", "u")
    status = re.compile(r'<p role="status">[^<]+</p>')
    assert status.search(is_page(site.get(path), language, leave)) and status.search(is_page(ask(site, path, **{"List-Unsubscribe": "One-Click"}), language, left))


def test_the_pages_to_join_and_to_leave_speak_the_lists_language():
    forms = {language: form_of(shared, language) for language in LISTS}
    time.sleep(2.5)  # as long as a hand takes to fill one in
    for language in LISTS:
        joins(shared, sink, language, forms[language])
        leaves(shared, sink, language, posts[language])


def test_what_knows_no_list_is_english():
    for path in ("/u/x", "/c/x", "/v/x"):
        is_page(shared.get(path), "en", "This link does not work any more")
    is_page(shared.get("/"), "en", "Newsletters")


def test_a_wrong_form_keeps_the_name_that_was_typed():
    for fields in ({"email": "no address"}, {"email": ""}, {"email": "a@one.test", "form": "x"}):
        status, page = ask(shared, "/de", name='Zoë "Zo" <Å>', website="", **{"form": form_of(shared, "de"), **fields})
        name = re.search(r'<input id="name"[^>]* value="([^"]*)"', page)
        assert status == 422 and html.unescape(name[1]) == 'Zoë "Zo" <Å>' and "<Å>" not in page, page
    status, page = shared.get("/de", data=b"email=x&name=%ff%fe")
    assert status == 422 and 'maxlength="200" value="">' in page, page
    assert 'maxlength="200" value="">' in shared.get("/de")[1]


def test_a_form_that_is_closed_says_so_in_the_lists_language():
    later = {"de": "Bitte versuchen Sie es später noch einmal", "he": "נא לנסות שוב מאוחר יותר"}
    write = {"de": "Bitte schreiben Sie uns", "he": "נא לכתוב לנו"}
    site = peers.Site(sink.port, [])
    try:
        create(site, "de", "he")
        site.set_conf("[web]\n", "[web]\nsign_ups_a_day = 3\n")
        site.start()
        for language, peer in (("de", "192.0.2.1"), ("he", "192.0.2.2")):
            forms = [form_of(site, language) for _ in range(5)]
            time.sleep(2.5)
            answers = [ask(site, f"/{language}", peer, email=f"c{i}@{language}{i}.test", name="", website="", form=form) for i, form in enumerate(forms[:4])]
            assert [status for status, _ in answers[:3]] == [200] * 3, answers
            page = is_page(answers[3], language, write[language], 429)
            assert f'<a href="mailto:{language}@example.org">{language}@example.org</a>' in page, page
        site.stop()
        site.set_conf("sign_ups_a_day = 3\n", "sign_ups_a_day = 100\n")
        site.start()
        for language in later:
            forms = [form_of(site, language) for _ in range(6)]
            time.sleep(2.5)
            answers = [ask(site, f"/{language}", f"198.51.100.{language == 'he':d}", email=f"d{i}@{language}{i}.test", name="", website="", form=form) for i, form in enumerate(forms)]
            assert [status for status, _ in answers[:5]] == [200] * 5, answers
            is_page(answers[5], language, later[language], 429)
    finally:
        site.close()


def create(site, *languages):
    for language in languages:
        site.run("list", "create", language, "--title", LISTS[language][0], "--from", f"{language}@example.org", "--postal", "Pier 4", "--language", language)


def ready():
    """A site with a list and a post in every language."""
    site = peers.Site(sink.port, [])
    create(site, *LISTS)
    with open(os.path.join(site.folder, "storks.md"), "w", encoding="utf-8") as post:
        post.write("---\ntitle: 1\n---\n\n2.\n")
    return site.start(), {language: site.run("post", "add", language, "storks.md").stdout.decode().strip() for language in LISTS}


sink = peers.Sink()
shared, posts = ready()
try:
    peers.tests(test_the_pages_to_join_and_to_leave_speak_the_lists_language, test_what_knows_no_list_is_english, test_a_wrong_form_keeps_the_name_that_was_typed,
                test_a_form_that_is_closed_says_so_in_the_lists_language)
finally:
    shared.close()
    sink.stop()
