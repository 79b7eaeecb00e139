#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Open pages of format=html in headless Chromium, look at what it makes of them, and take pictures.

usage: check_pages.py [--tshark CMD] [--browser CMD] [--pictures FOLDER] [CAPTURE..]

For each capture (default: a few with different diagrams), in a light and in a dark theme:

    elements  Chromium builds the elements that the page has, so it had nothing to repair
    texts     no text of a ladder diagram lies over another one or outside the picture
    contrast  every text has a contrast of 4.5 to 1 with what is behind it (WCAG 2.1, 1.4.3)
    overflow  the page is not wider than the window; wide tables scroll by themselves

and a PDF as paper would have it. The pictures stay in FOLDER. Exit 1 when something is wrong.
"""
import argparse
import collections
import html
import html.parser
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from runner import Failure, Runner
from truth import CAPTURES

USUAL = ("port4500-blocked", "mm-frag-lost", "nat-forced-esp", "icmp-filtered", "authip-fallback", "cert-ikefrag",
         "ikev2-nat-forced-esp")
THEMES = {"light": 1, "dark": 0}  # preferredColorScheme of Blink
WIDTH, HEIGHT = 1100, 1600
TIMEOUT_S = 90
LEAST_CONTRAST = 4.5
# Runs in a copy of the page, and leaves what it finds as its title.
PROBE = """<script>
const found = [], near = 1;
const box = e => e.getBoundingClientRect();
for (const svg of document.querySelectorAll('svg')) {
  const frame = box(svg), texts = [...svg.querySelectorAll('text')];
  texts.forEach((a, i) => {
    const p = box(a);
    if (p.left < frame.left - near || p.right > frame.right + near || p.bottom > frame.bottom + near || p.top < frame.top - near)
      found.push('outside: ' + a.textContent);
    for (const b of texts.slice(i + 1)) {
      const q = box(b);
      if (p.left + near < q.right && q.left + near < p.right && p.top + 3 < q.bottom && q.top + 3 < p.bottom)
        found.push('over each other: ' + a.textContent + ' / ' + b.textContent);
    }
  });
}
const numbers = s => s.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                     return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor);
                      if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  if (['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
  const style = getComputedStyle(e), c = numbers(e.namespaceURI.endsWith('svg') ? style.fill : style.color);
  const [x, y] = [light(c.slice(0, 3)), light(behind(e).slice(0, 3))].sort((a, b) => b - a);
  if ((x + 0.05) / (y + 0.05) < LEAST) found.push('contrast: ' + e.textContent.slice(0, 40));
}
if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the window');
document.title = JSON.stringify([...new Set(found)]);
</script>""".replace("LEAST", str(LEAST_CONTRAST))


class Counter(html.parser.HTMLParser):
    """How many elements of each name a page has."""

    def __init__(self, text):
        super().__init__()
        self.seen = collections.Counter()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen[tag] += 1

    handle_startendtag = handle_starttag


class Browser:
    def __init__(self, command, folder):
        self.command, self.folder = shlex.split(command), folder

    def run(self, page, theme, *options):
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                     f"--user-data-dir={self.folder}/profile", f"--window-size={WIDTH},{HEIGHT}",
                     f"--blink-settings=preferredColorScheme={THEMES[theme]}", *options, page.as_uri()]
        try:
            out = subprocess.run([*self.command, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"the browser does not run: {error}") from None
        if out.returncode:
            raise Failure(f"the browser ends with {out.returncode}: {out.stderr[-400:]}")
        return out.stdout


def problems(browser, page, text, theme):
    """What is wrong with a page in one theme."""
    probe = page.with_suffix(".probe.html")
    probe.write_text(text.replace("</body>", PROBE + "</body>"))
    dom = browser.run(probe, theme, "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    yield from json.loads(html.unescape(title[1]) if title else '["the page has no title"]')
    built, written = Counter(dom).seen, Counter(text).seen
    built["script"] -= 1
    for name in written | built:
        if written[name] != built[name]:
            yield f"{built[name]} elements {name}, {written[name]} are written"


def check(browser, runner, capture, pictures):
    text = runner.run(capture, ["-q", "-z", "ikex,report,format=html"])
    page = pathlib.Path(browser.folder) / f"{capture.stem}.html"
    page.write_text(text)
    if "<svg" not in text:
        yield f"{capture.name}: no diagram"
    for theme in THEMES:
        for problem in problems(browser, page, text, theme):
            yield f"{capture.name}: {theme}: {problem}"
        take(browser, page, theme, "--screenshot", pictures / f"{capture.stem}.{theme}.png")
    take(browser, page, "light", "--print-to-pdf", pictures / f"{capture.stem}.pdf")


def take(browser, page, theme, option, path):
    browser.run(page, theme, f"{option}={path}")
    if not path.is_file() or path.stat().st_size < 10000:
        raise Failure(f"{path.name} was not made, or is empty")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tshark", default="tshark", metavar="CMD")
    parser.add_argument("--browser", default="chromium", metavar="CMD")
    parser.add_argument("--pictures", type=pathlib.Path, default=None, metavar="FOLDER")
    parser.add_argument("captures", nargs="*", type=pathlib.Path, metavar="CAPTURE")
    arguments = parser.parse_args()
    captures = arguments.captures or [CAPTURES / f"{name}.pcapng" for name in USUAL]
    found = []
    with tempfile.TemporaryDirectory(prefix="ikex-pages-") as folder:
        pictures = arguments.pictures or pathlib.Path(folder)
        pictures.mkdir(parents=True, exist_ok=True)
        browser, runner = Browser(arguments.browser, folder), Runner(arguments.tshark)
        try:
            for capture in captures:
                found += check(browser, runner, capture, pictures.resolve())
        except Failure as failure:
            found.append(str(failure))
    for problem in found:
        print(problem)
    print(f"check_pages: {len(captures)} captures, {len(found)} problems")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
