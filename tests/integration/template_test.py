#!/usr/bin/env python3
"""gazette template: a file of one's own is rendered with its parts and words, faults are named, nothing is written over."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def put(site, path, text):
    path = os.path.join(site.folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def out(site, *words):
    return site.run("template", "render", *words).stdout.decode()


def refused(site, *words):
    done = site.run("template", *words, check=False)
    assert done.returncode != 0, words
    return done.returncode, done.stderr.decode()


def test_parts_and_words_are_found():
    site = peers.Site(1, [])
    try:
        put(site, "own/mail/x.html.mustache", "{{> hello}}{{> words.confirm_title}} {{> button}}")
        put(site, "own/mail/parts/hello.html.mustache", "<p>Hello {{name}}</p>\n")
        put(site, "own/mail/parts/hello.txt.mustache", "Hello {{name}}\n")
        put(site, "own/mail/x.txt.mustache", "{{> hello}}")
        put(site, "folder/mail/parts/button.html.mustache", "A button")
        put(site, "values.json", '{"name": "<Ann>"}')
        # Beside the file, then built in.
        text = out(site, "own/mail/x.html.mustache", "--data", '{"name": "<Ann>", "url": "https://x.example/"}')
        assert "<p>Hello &lt;Ann&gt;</p>" in text and "Please confirm" in text and 'href="https://x.example/"' in text, text
        # The configured folder goes before what is built in; a file of values with and without @; text is not escaped.
        site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = folder\n")
        for data in ("@values.json", "values.json"):
            text = out(site, "own/mail/x.html.mustache", "--data", data, "--language", "he")
            assert "A button" in text and "נא לאשר" in text and "&lt;Ann&gt;" in text, text
        assert out(site, "own/mail/x.txt.mustache", "--data", "@values.json") == "Hello <Ann>\n"
        # One of ours, by name.
        text = out(site, "mail/confirm.txt", "--data", '{"lang": "de", "list": {"title": "Der Hafen"}, "reader": {"email": "ann@example.org"}}')
        assert "Jemand, wahrscheinlich Sie, möchte Der Hafen an ann@example.org erhalten." in text, text
        done = site.run("template", "render", "-", check=False)
        assert done.returncode == 0
    finally:
        site.close()


def test_faults_are_named_with_file_line_and_tag():
    site = peers.Site(1, [])
    try:
        put(site, "mail/x.html.mustache", "one\n{{#items}}\n")
        status, said = refused(site, "render", "mail/x.html.mustache")
        assert status == 65 and "mail/x.html.mustache:2: " in said and "items" in said, said
        put(site, "mail/y.html.mustache", "{{> part}}")
        put(site, "mail/parts/part.html.mustache", "\n\n{{/nothing}}")
        status, said = refused(site, "render", "mail/y.html.mustache")
        assert status == 65 and "parts/part.html.mustache:3: " in said and "nothing" in said, said
        put(site, "mail/z.html.mustache", "a{{> nowhere}}b")
        done = site.run("template", "render", "mail/z.html.mustache")
        assert done.stdout == b"ab" and b"{{> nowhere}}" in done.stderr, done
        for data, words in (('{"a": }', "line 1"), ("@none.json", "none.json"), ("[1]", "object"), ('{"a": 1, "a": 2}', "--data")):
            status, said = refused(site, "render", "mail/z.html.mustache", "--data", data)
            assert words in said and "@values.json" in said, said
        status, said = refused(site, "render", "mail/none.html")
        assert status == 66 and "gazette template ls" in said, said
        # The same fault in the configured folder stops a mail, and names the file: no part is left out in silence.
        put(site, "folder/mail/parts/byline.html.mustache", "{{#author}}")
        site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = folder\n")
        site.run("subscriber", "add", "news", "ann@example.org", "--consent", "t")
        site.run("campaign", "create", "news", "--post", "1")
        done = site.run("campaign", "preview", "1", "--to", "ann@example.org", "--html", check=False)
        assert done.returncode == 65 and b"folder/mail/parts/byline.html.mustache:1: " in done.stderr, done
    finally:
        site.close()


def test_export_writes_all_or_nothing():
    site = peers.Site(1, [])
    try:
        site.run("template", "export", "copy")
        names = [row["template"] for row in site.rows("template", "ls")]
        assert len(names) > 30 and all(os.path.exists(os.path.join(site.folder, "copy", name)) for name in names)
        os.remove(os.path.join(site.folder, "copy", names[0]))
        status, said = refused(site, "export", "copy")
        assert status != 0 and "is there already: nothing was written" in said and "empty folder" in said, said
        assert not os.path.exists(os.path.join(site.folder, "copy", names[0]))
        # What was exported is what is built in: mails are the same with it.
        site.run("template", "export", "whole")
        site.run("subscriber", "add", "news", "ann@example.org", "--consent", "t")
        site.run("campaign", "create", "news", "--post", "1")
        before = site.run("campaign", "preview", "1", "--to", "ann@example.org", "--html").stdout
        site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = whole\n")
        assert site.run("campaign", "preview", "1", "--to", "ann@example.org", "--html").stdout == before
        assert json.loads(site.run("--json", "template", "ls").stdout.splitlines()[0])
    finally:
        site.close()


peers.tests(test_parts_and_words_are_found, test_faults_are_named_with_file_line_and_tag, test_export_writes_all_or_nothing)
