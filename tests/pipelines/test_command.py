#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod itself: what --help tells, the man pages and the completion agree."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from support import BUILD, environment, run, tap

HERE = os.path.join(BUILD, 'pipelines', 'gst-sod')
COMMAND = os.path.join(HERE, 'gst-sod')
COMPLETION = os.path.join(HERE, 'gst-sod.bash')


def ours(*words, **more):
    env = environment(**more)
    env.pop('LD_PRELOAD', None)
    return run(COMMAND, *words, env=env)


def commands():
    """The subcommands, as the overview lists them."""
    text = ours('--help').ok().output
    listed = re.search(r'Commands:\n(.*?)\n\n', text, re.S).group(1)
    names = [re.match(r'  ([\w-]+(?: [\w-]+)?)  ', line).group(1)
             for line in listed.splitlines()]
    tap.check('detect' in names, names)
    return names


def options(name):
    """--option -> letter or '', as --help lists them."""
    text = ours(*name.split(), '--help').ok().output
    found = {match.group(2): match.group(1) or '' for match in re.finditer(
        r'^  (?:-(\w), )?--([\w-]+)', text, re.M)}
    tap.check('help' in found and len(found) > 1, f'{name}: {text}')
    return found


def page(name=None):
    words = name.split() if name else []
    return os.path.join(HERE, '-'.join(['gst-sod', *words]) + '.1')


def every_command_has_its_pages():
    for name in commands():
        tap.check(os.path.exists(page(name)), f'{page(name)} was not made')
        text = ours(*name.split(), '--help').output
        tap.check(f'\n  gst-sod {name} ' in text.split('Options:')[-1],
                  f'{name} --help shows no example: {text}')


def man_pages_hold_every_option():
    with open(page(), encoding='utf-8') as roff:
        overview = roff.read()
    for name in commands():
        tap.check(f'.B {name}\n' in overview, f'{name} is not in gst-sod.1')
        with open(page(name), encoding='utf-8') as roff:
            text = roff.read().replace('\\-', '-')
        for option, letter in options(name).items():
            shown = f'\\fB--{option}\\fR'
            if letter:
                shown = f'\\fB-{letter}\\fR, {shown}'
            tap.check(shown in text, f'{name}: {shown} is not in its page')


def man_pages_render():
    if not shutil.which('groff'):
        raise tap.Skip('groff is missing')
    for name in (None, *commands()):
        done = subprocess.run(
            ['groff', '-man', '-Tutf8', '-ww', '-P-cbou', '-rLL=78n', page(name)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False)
        tap.check(done.returncode == 0 and not done.stderr,
                  f'{page(name)}: {done.stderr}')
        tap.check('EXIT STATUS' in done.stdout, done.stdout)


def complete(*words):
    """What bash offers for the last of the words."""
    done = subprocess.run(
        ['bash', '--norc', '-c',
         'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gst_sod; '
         'printf "%s\\n" "${COMPREPLY[@]}"', COMPLETION, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    tap.check(not done.stderr, done.stderr)
    return set(done.stdout.split('\n')) - {''}


def completion_offers_every_option():
    offered = complete('gst-sod', '')
    for name in commands():
        words = name.split()
        tap.check(words[0] in offered, f'{words[0]} is not in {offered}')
        if len(words) > 1:
            second = complete('gst-sod', words[0], '')
            tap.check(words[1] in second, f'{words[1]} is not in {second}')
        wanted = {'--' + option for option in options(name)}
        found = complete('gst-sod', *words, '--')
        tap.check(found == wanted, f'{name}: {found ^ wanted}')


def completion_offers_values():
    for words in (('--device', 'c'), ('--device', '=', 'c')):
        found = complete('gst-sod', 'detect', *words)
        tap.check(found == {'cpu', 'cuda'}, found)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, 'a folder'))
        with open(os.path.join(folder, 'a file'), 'w', encoding='utf-8'):
            pass
        start = os.path.join(folder, 'a')
        found = complete('gst-sod', 'detect', '--maps', start)
        tap.check(found == {os.path.join(folder, 'a folder')}, found)
        found = complete('gst-sod', 'detect', start)
        tap.check(len(found) == 2, found)


def info_tells_what_the_machine_can_do():
    machine = json.loads(ours('info', '--json').ok().output)
    tap.check(machine['memory'] > 0 and machine['cpu']['processors'] > 0,
              machine)
    tap.check(isinstance(machine['cpu']['features']['avx2'], bool), machine)
    with open('/proc/cpuinfo', encoding='utf-8') as cpuinfo:
        has = re.search(r'^flags\s*:.*\bavx2\b', cpuinfo.read(), re.M)
    tap.check(machine['cpu']['features']['avx2'] == bool(has), machine)
    tap.check({'ref'} <= {each['backend'] for each in machine['backends']},
              machine)
    for each in machine['backends']:
        tap.check(each['precision'] in each['precisions']
                  and 'f32' in each['precisions'], each)
    auto = machine['auto']
    tap.check(machine['backends'][0].items() >= {
        key: auto[key] for key in ('device', 'backend', 'precision')}.items(),
              machine)
    tap.check(('reason' in auto) == (auto['device'] == 'cpu'), auto)


def info_says_why_there_is_no_gpu():
    with tempfile.TemporaryDirectory() as folder:
        broken = os.path.join(folder, 'libgstsod-cuda.so')
        with open(broken, 'w', encoding='utf-8') as module:
            module.write('no module')
        machine = json.loads(ours('info', '--json', GST_SOD_MODULE_PATH=folder)
                             .ok().output)
        tap.check(machine['auto']['device'] == 'cpu'
                  and broken in machine['auto']['reason'], machine['auto'])
        text = ours('info', GST_SOD_MODULE_PATH=folder).ok().output
    tap.check(broken in text and re.search(r'^auto +cpu', text, re.M), text)
    tap.check(re.search(r'^cpu .*processors', text, re.M), text)
    refused = ours('info', 'more')
    tap.check(refused.status == 1 and 'options only' in refused.output,
              refused.output)


def info_tells_of_gpus():
    if 'SOD_TWIN_MODULE_PATH' not in os.environ:
        raise tap.Skip('the twin of a GPU was not built')
    machine = json.loads(ours(
        'info', '--json',
        GST_SOD_MODULE_PATH=os.environ['SOD_TWIN_MODULE_PATH']).ok().output)
    first = machine['backends'][0]
    tap.check(first['device'] == 'cuda:0' and first['backend'] == 'cuda-host'
              and first['memory'] > 0 and first['compute_capability'],
              machine)
    tap.check(machine['auto']['device'] == 'cuda:0', machine['auto'])
    tap.check('twin of a GPU' in ours(
        'info', GST_SOD_MODULE_PATH=os.environ['SOD_TWIN_MODULE_PATH']
    ).ok().output, 'no name')


def wrong_words_are_told():
    for words, expected in (((), 'which command?'),
                            (('nosuch',), 'no such command: nosuch'),
                            (('detect', '--nosuch'), '--nosuch')):
        result = ours(*words)
        tap.check(result.status == 1 and expected in result.output
                  and '--help' in result.output,
                  f'{words}: {result.status}: {result.output}')
    version = ours('--version').ok().output
    tap.check(re.fullmatch(r'gst-sod \d+\.\d+\.\d+\n', version), version)


def groups_list_their_commands():
    names = commands()
    for group in ('data', 'model', 'store'):
        own = [name for name in names if name.startswith(group + ' ')]
        for word in ('--help', '-h', 'help'):
            text = ours(group, word).ok().output
            listed = re.findall(r'^  (\w+ [\w-]+)  ', text, re.M)
            tap.check(listed == own and len(own) > 1, f'{group}: {text}')
        for words, expected in (((), f'which command of {group}?'),
                                (('nosuch',),
                                 f'no such command: {group} nosuch')):
            result = ours(group, *words)
            tap.check(result.status == 1 and expected in result.output
                      and all(f'\n  {name} ' in result.output
                              for name in own)
                      and '--help' in result.output,
                      f'{group} {words}: {result.status}: {result.output}')


sys.exit(tap.run([
    ('/command/every-command-has-its-pages', every_command_has_its_pages),
    ('/command/man-pages-hold-every-option', man_pages_hold_every_option),
    ('/command/man-pages-render-without-warnings', man_pages_render),
    ('/command/completion-offers-every-option',
     completion_offers_every_option),
    ('/command/completion-offers-values', completion_offers_values),
    ('/command/info-tells-what-the-machine-can-do',
     info_tells_what_the_machine_can_do),
    ('/command/info-says-why-there-is-no-gpu', info_says_why_there_is_no_gpu),
    ('/command/info-tells-of-gpus', info_tells_of_gpus),
    ('/command/wrong-words-are-told', wrong_words_are_told),
    ('/command/groups-list-their-commands', groups_list_their_commands),
]))
