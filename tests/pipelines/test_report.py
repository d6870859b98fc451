#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of gst-sod eval --report, as a browser shows it."""

import html
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import pictures
from support import BUILD, SLOW, SOURCE, environment, run, tap

COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
MODEL = os.path.join(SOURCE, 'models', 'base.safetensors')
BROWSER = shutil.which('chromium') or shutil.which('chromium-browser')
folder = tempfile.mkdtemp(prefix='sod-report-')
# What the page is asked once it has loaded.
PROBE = '''<script>
addEventListener('load', () => setTimeout(() => {
  const wide = [...document.querySelectorAll('main, main > *')].filter(
    e => e.getBoundingClientRect().right > innerWidth + 1);
  parent.document.documentElement.dataset.probe = JSON.stringify({
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
    wide: wide.map(e => e.className || e.tagName),
    images: document.images.length,
    broken: [...document.images].filter(i => !i.naturalWidth).length,
    resources: performance.getEntriesByType('resource')
      .map(r => r.name).filter(n => !n.startsWith('data:')),
    // Rows whose first value shows only after scrolling.
    hidden: [...document.querySelectorAll('tr')].filter(
      r => r.cells[1].getBoundingClientRect().right > innerWidth).length,
    small: [...document.querySelectorAll('p,td,th,dd,dt,figcaption,.bars span')]
      .filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length,
    ink: getComputedStyle(document.body).color,
    paper: getComputedStyle(document.body).backgroundColor,
  });
}, 100));
</script>'''


def path(*names):
    return os.path.join(folder, *names)


def make_report(name='report'):
    """Its text; made once."""
    page = path(name, 'index.html')
    if not os.path.exists(page):
        pictures.davis(path('davis'), ('boat', 'a name that is quite long and '
                                       'has no end in sight'), 16, 160, 90)
        env = environment()
        env.pop('LD_PRELOAD', None)
        run(COMMAND, 'eval', '--model', MODEL, '--layout', 'davis', '--root',
            path('davis'), '--set', 'dev', '--report', path(name), '--school',
            'davsod', env=env, seconds=120).ok()
    with open(page, encoding='utf-8') as file:
        return file.read()


def browse(page, width, *words):
    """What the browser prints, and says on its console."""
    if BROWSER is None:
        raise tap.Skip('no chromium: apt-get install chromium')
    env = {name: value for name, value in os.environ.items()
           if name not in ('LD_PRELOAD', 'DISPLAY')}
    env.update(HOME=folder, XDG_CONFIG_HOME=path('config'))
    done = subprocess.run(
        [BROWSER, '--headless=new', '--no-sandbox', '--disable-gpu',
         '--disable-dev-shm-usage', '--hide-scrollbars', '--no-first-run',
         f'--user-data-dir={path("profile")}', '--enable-logging=stderr',
         '--virtual-time-budget=5000', f'--window-size={width},1000', *words,
         'file://' + page],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors='replace', check=False,
        timeout=60 * SLOW)
    tap.check(done.returncode == 0, done.stderr)
    return done.stdout, [line for line in done.stderr.split('\n')
                         if 'CONSOLE' in line]


def probe(text, width):
    """In a frame of this width: windows have a least width of their own."""
    page = path('probe.html')
    inner = html.escape(text.replace('</main>', '</main>' + PROBE))
    with open(page, 'w', encoding='utf-8') as file:
        file.write('<!DOCTYPE html><meta charset=utf-8>'
                   '<link rel=icon href="data:,"><iframe style="border:0;'
                   f'width:{width}px;height:1000px" srcdoc="{inner}"></iframe>')
    shown, console = browse(page, 1600, '--dump-dom')
    found = re.search(r'data-probe="([^"]*)"', shown)
    tap.check(found is not None, 'the page did not load:\n' + shown[:500])
    tap.check(not console, '\n'.join(console))
    return json.loads(html.unescape(found.group(1)))


def fits(width):
    found = probe(make_report(), width)
    tap.check(found['width'] == width, f"the window is {found['width']} wide")
    tap.check(found['scroll'] <= width and not found['wide'],
              f"{found['scroll']} wide: {found['wide']}")
    tap.check(found['images'] > 10, f"{found['images']} pictures")
    tap.check(found['broken'] == 0, f"{found['broken']} broken pictures")
    tap.check(not found['resources'], f"asks for {found['resources']}")
    tap.check(found['hidden'] == 0, f"{found['hidden']} rows show no value")
    tap.check(found['small'] == 0, f"{found['small']} texts are too small")


def fits_a_telephone():
    fits(390)


def fits_a_screen():
    fits(1440)


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r'\d+', colour)[:3]]
    return sum(weight * (part / 12.92 if part <= 0.03928
                         else ((part + 0.055) / 1.055) ** 2.4)
               for weight, part in zip((0.2126, 0.7152, 0.0722), parts))


def is_light_and_dark():
    text = make_report()
    dark = text.replace('@media(prefers-color-scheme:dark)', '@media all')
    tap.check(dark != text, 'no dark style')
    for page, is_dark in ((text, False), (dark, True)):
        found = probe(page, 800)
        ink, paper = luminance(found['ink']), luminance(found['paper'])
        tap.check((ink > paper) == is_dark, str(found))
        contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
        tap.check(contrast > 7, f'contrast {contrast}')


def draws_something():
    make_report()
    browse(path('report', 'index.html'), 1440,
           f'--screenshot={path("shot.png")}')
    with open(path('shot.png'), 'rb') as file:
        data = file.read()
    width, height = struct.unpack('>2I', data[16:24])
    tap.check((width, height) == (1440, 1000), f'{width}x{height}')
    tap.check(len(data) > 50000, 'an empty page')


def shows_all_its_parts():
    text = make_report()
    for part in ('Measures', 'Published', 'Curves', 'Sequences',
                 'Worst frames', 'Best frames', 'Along time',
                 'What was measured', 'floor: nearest:0.1', 'SSAV (2019)',
                 'Split hash', 'Model hash', '<svg', 'data:image/png;base64,'):
        tap.check(part in text, f'no "{part}"')
    with open(path('report', 'measures.json'), encoding='utf-8') as file:
        found = json.load(file)
    tap.check(len(found['floors']) == 7, str(found.get('floors')))
    tap.check(found['school'] == 'davsod', found['school'])


TESTS = (shows_all_its_parts, fits_a_telephone, fits_a_screen,
         is_light_and_dark, draws_something)

try:
    status = tap.run([('/command/report/' + test.__name__.replace('_', '-'),
                       test) for test in TESTS])
finally:
    shutil.rmtree(folder, ignore_errors=True)
sys.exit(status)
