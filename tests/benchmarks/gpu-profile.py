#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The three kernels that take longest, looked at by Nsight Compute.

    gpu-profile.py [--output FILE.json] [--log FOLDER] PROGRAM ARGUMENT...

First every kernel that PROGRAM launches is timed, then the three with the
greatest sums get a full report each, FOLDER/ncu-N.txt. The GPU's clocks are
left as they are. Exit status 77 where ncu cannot read the counters here.
"""
import argparse
import collections
import csv
import json
import os
import re
import subprocess
import sys

METRICS = {
    "microseconds": "gpu__time_duration.sum",
    "memory-percent": "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
    "compute-percent": "sm__throughput.avg.pct_of_peak_sustained_elapsed",
}
UNITS = {"ns": 1e-3, "nsecond": 1e-3, "us": 1, "usecond": 1, "ms": 1e3,
         "msecond": 1e3, "s": 1e6, "second": 1e6}


def run_ncu(*words):
    done = subprocess.run(["ncu", "--clock-control", "none", *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return done.returncode, done.stdout


def read_rows(text):
    """Lines of ncu's CSV, from its header on."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines)
                  if line.startswith('"ID"')), None)
    return [] if start is None else list(csv.DictReader(lines[start:]))


def add_up(rows):
    """Kernel -> its launches, sum of microseconds, means of the rest."""
    kernels = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in rows:
        value = float(row["Metric Value"].replace(",", ""))
        for key, metric in METRICS.items():
            if row["Metric Name"] == metric:
                unit = row["Metric Unit"]
                scale = UNITS[unit] if key == "microseconds" else 1
                kernels[row["Kernel Name"]][key].append(value * scale)
    found = []
    for name, values in kernels.items():
        found.append({"kernel": name, "launches": len(values["microseconds"]),
                      **{key: (sum if key == "microseconds" else mean)(
                          values[key]) for key in METRICS if values[key]}})
    return sorted(found, key=lambda k: -k["microseconds"])


def mean(values):
    return sum(values) / len(values)


def report(args, number, kernel):
    """A full report of one launch."""
    name = re.split(r"[<(]", kernel["kernel"])[0].split(" ")[-1]
    name = name.split("::")[-1]
    _, text = run_ncu("--set", "full", "-k", f"regex:{re.escape(name)}",
                      "-c", "1", *args.program)
    path = os.path.join(args.log, f"ncu-{number}.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output")
    parser.add_argument("--log", default=".")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    status, text = run_ncu("--csv", "--page", "raw", "--print-units", "base",
                           "--metrics", ",".join(METRICS.values()),
                           "--launch-count", "400", *args.program)
    rows = read_rows(text)
    if rows and "Metric Name" not in rows[0]:
        rows = unfold(rows)
    if not rows:
        print(text[-2000:])
        print("ncu gave no counters here: "
              + next((line.strip("= ") for line in text.splitlines()
                      if "ERR" in line or "rror" in line),
                     f"exit status {status}"))
        return 77
    kernels = add_up(rows)
    print(f'{"us":>10}{"launches":>9}{"memory %":>9}{"compute %":>10}  kernel')
    for kernel in kernels:
        print(f'{kernel["microseconds"]:10.1f}{kernel["launches"]:9}'
              f'{kernel.get("memory-percent", float("nan")):9.1f}'
              f'{kernel.get("compute-percent", float("nan")):10.1f}'
              f'  {kernel["kernel"][:120]}')
    for number, kernel in enumerate(kernels[:3], 1):
        print(report(args, number, kernel))
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            json.dump(kernels, file, indent=1)
    print("ok")
    return 0


def unfold(rows):
    """The raw page has a column for each metric and units in its first row;
    as rows of one metric each."""
    units, rest = rows[0], rows[1:]
    return [{"Kernel Name": row["Kernel Name"], "Metric Name": metric,
             "Metric Unit": units[metric] or "%", "Metric Value": row[metric]}
            for row in rest for metric in METRICS.values()
            if row.get(metric)]


if __name__ == "__main__":
    sys.exit(main())
