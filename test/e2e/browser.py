# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Looks at report.html of an output folder in headless Chromium, at the width of a desktop and of a phone: nothing sticks out
sideways, every buffer of the plan is drawn, nothing is loaded from elsewhere. Usage: browser.py FOLDER"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROBE = """<script>
document.title = JSON.stringify({
  overflow: document.documentElement.scrollWidth - window.innerWidth,
  width: window.innerWidth,
  buffers: [...document.querySelectorAll('svg .buffer')].filter(b => b.getBoundingClientRect().width > 0).length,
  rows: document.querySelectorAll('tbody tr').length,
  resources: performance.getEntriesByType('resource').length});
</script>"""


def look(browser, page, width, folder):
    """What the page says of itself at `width` pixels. Chromium's own windows are at least 500 wide, so a frame has the width."""
    probed = folder / "page.html"
    probed.write_text(page.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(f"<iframe src='page.html' style='width:{width}px;height:900px;border:0'></iframe><pre id='title'></pre><script>"
                     "onload = () => { document.getElementById('title').textContent = frames[0].document.title; }</script>")
    result = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
                             f"--user-data-dir={folder}/profile", "--virtual-time-budget=2000", "--dump-dom", frame.as_uri()],
                            capture_output=True, text=True, timeout=120)
    found = re.search(r"<pre id=\"title\">(.*?)</pre>", result.stdout, re.S)
    if not found or not found.group(1):
        sys.exit(f"Chromium showed no page: {result.stderr[-500:]}")
    return json.loads(found.group(1))


def main():
    output = pathlib.Path(sys.argv[1])
    browser = shutil.which("chromium")
    page = (output / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|url\(|@import", page), "the page refers to another file"
    report = json.loads((output / "report.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        for width in (1280, 390):
            seen = look(browser, page, width, pathlib.Path(folder))
            assert seen["width"] == width, seen
            assert seen["overflow"] <= 0, f"at {width} pixels the page is {seen['overflow']} too wide"
            assert seen["buffers"] == len(report["buffers"]), seen
            assert seen["rows"] >= len(report["layers"]) + len(report["buffers"]), seen
            assert seen["resources"] == 0, seen
            print(f"{width} pixels: {seen['buffers']} buffers, {seen['rows']} rows, nothing sticks out")


main()
