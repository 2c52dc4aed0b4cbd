#!/usr/bin/env python3
"""DOMPurify in jsdom as an oracle: in what our sanitiser let through it finds nothing to remove. Bodies are attacks, and what the corpora hold."""
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
import peers  # noqa: E402

CORPORA = os.path.join(peers.ROOT, "..", "shared", "corpora")
ATTACKS = r'''
<script>alert(1)</script>
<img src=x onerror=alert(1)>
<svg onload=alert(1)><svg><script>alert(1)</script></svg>
<a href="javascript:alert(1)">x</a><a href=" jAvAsCrIpT:alert(1)">x</a><a href="java&#10;script:alert(1)">x</a><a href="&#x6A;avascript:alert(1)">x</a>
<a href="data:text/html;base64,PHNjcmlwdD4=">x</a><a href="vbscript:x">x</a><a href="//evil.example" onclick=alert(1) style="position:fixed">x</a>
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)></style></mglyph></form>
<p><math><mi//xlink:href="data:x,<script>alert(4)</script>"></math></p>
<textarea></textarea><img src=x onerror=alert(1)><title></title><img src=x onerror=alert(1)>
<textarea><img title="</textarea><img src=x onerror=alert(1)>"></textarea>
<xmp><img title="</xmp><img src=x onerror=alert(1)>"></xmp><plaintext><img src=x onerror=alert(1)>
<iframe srcdoc="<script>alert(1)</script>"></iframe><iframe src="javascript:alert(1)"></iframe>
<object data="data:text/html,<script>alert(1)</script>"></object><embed src="javascript:alert(1)">
<base href="https://evil.example/"><a href="x">y</a><meta http-equiv=refresh content="0;url=javascript:alert(1)">
<link rel=stylesheet href="javascript:alert(1)"><style>@import "x";</style>
<table background="javascript:alert(1)"><tr><td onmouseover=alert(1)>x</td></tr></table>
<img src="x` `<script>alert(1)</script>"` `><img """><script>alert(1)</script>">
<img src="https://a.example/&quot; onerror=&quot;alert(1)"><img alt='"><script>alert(1)</script>' src="https://a.example/">
<!--[if gte IE 4]><script>alert(1)</script><![endif]--><!--><img src=x onerror=alert(1)>-->
<![CDATA[<script>alert(1)</script>]]><?xml-stylesheet href="javascript:alert(1)"?>
<details open ontoggle=alert(1)><summary>x</summary>y</details><dialog open>x</dialog>
<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)></audio><video poster="javascript:alert(1)"></video>
<template><script>alert(1)</script></template><slot onfocus=x></slot><x-y onclick=x>z</x-y>
<input autofocus onfocus=alert(1)><select><option><img src=x onerror=alert(1)></select><button formaction="javascript:x">y</button>
<div id=x name=y class=z data-a=b contenteditable tabindex=1 is=q>clobber</div><form id=document><input name=cookie></form><a id=x name=y>z</a>
<figure onclick=x><img src="https://a.example/i.png" srcset="javascript:x 1x" usemap=#m><figcaption style=x>c</figcaption></figure><map name=m><area href="javascript:x"></map>
<a href="https://a.example/" target=_blank ping="https://evil.example/" rel=x>y</a><bgsound src="javascript:x"><frameset onload=x><frame src=x></frameset>
<b><p><i><p></b></i><table><a href="https://a.example/"><tr><td></a><li>x</table><ul><p>a<dl><li>b</ul>
<ruby>a<rt onclick=x>b</rt></ruby><font color=red size=7>x</font><center>y</center><marquee onstart=alert(1)>z</marquee>
<svg><a xlink:href="javascript:alert(1)"><text>x</text></a><animate attributeName=href values=javascript:alert(1) /><foreignObject><iframe srcdoc=x></foreignObject></svg>
<h1><h2><p>deep<pre><code><table><tr><th scope=row abbr=x>y
'''.strip().splitlines()


def inspect(*arguments):
    done = subprocess.run([peers.GAZETTE, "--json", "post", "inspect", *arguments], stdout=subprocess.PIPE, timeout=120, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def bodies(work):
    # What must be found, or the oracle sees nothing.
    yield "control", "<p onclick=x>a<script>b</script></p>"
    # Markdown lets HTML through to the sanitiser as it stands.
    for i, attack in enumerate(ATTACKS):
        with open(os.path.join(work, f"{i:03}.md"), "w", encoding="utf-8") as f:
            f.write(f"# Attack\n\n{attack}\n\n<div>\n{attack}\n</div>\n")
    for row in inspect(*sorted(glob.glob(os.path.join(work, "*.md")))):
        yield row["file"], row["html"]
    if os.path.isdir(CORPORA):
        for row in inspect(*sorted(glob.glob(os.path.join(CORPORA, "feeds", "files", "*")))):
            for i, entry in enumerate(row.get("entries", [])[:5]):
                yield f"{row['file']} {i}", entry["html"]
        for row in inspect(*sorted(glob.glob(os.path.join(CORPORA, "pages", "cases", "*", "source.html")))):
            yield row["case"], row["html"]


def test_dompurify_finds_nothing_to_remove():
    with tempfile.TemporaryDirectory() as work:
        lines = [json.dumps({"name": name, "html": html}) for name, html in bodies(work) if html]
    done = subprocess.run(["node", os.path.join(HERE, "purify.mjs")], input="\n".join(lines), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    *finds, last = done.stdout.splitlines()
    assert not finds, "\n".join(finds[:20])
    assert last == f"bodies={len(lines) - 1} control=2", last


if not os.path.isdir(os.path.join(HERE, "node_modules", "dompurify")):
    print("skip dompurify: the Node tools are missing (scripts/install-deps --test)")
    sys.exit(0)
peers.tests(test_dompurify_finds_nothing_to_remove)
