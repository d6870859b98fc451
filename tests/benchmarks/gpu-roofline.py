#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The times of benchmark-ops beside what the machine could do at best.

    gpu-roofline.py OPS.json [--output FILE.json]

The roof is measured here, by PyTorch: bytes a second of a copy within the
GPU's memory, operations a second of a large product of matrices in each
precision. An op cannot be quicker than the longer of its bytes and its
operations at these rates; a share of 1 is as fast as that.
"""
import argparse
import json
import statistics
import sys

import torch

TYPES = {"f32": torch.float32, "tf32": torch.float32, "f16": torch.float16,
         "bf16": torch.bfloat16}


def seconds(call):
    """Median of some turns of some calls, after a turn that does not count."""
    times = []
    for turn in range(8):
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(10):
            call()
        end.record()
        end.synchronize()
        if turn > 0:
            times.append(start.elapsed_time(end) / 1e4)
    return statistics.median(times)


def measure_bandwidth():
    n = 1 << 30
    a = torch.empty(n, dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    return 2 * n / seconds(lambda: b.copy_(a))


def measure_rate(precision):
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    n = 8192 if precision in ("f16", "bf16") else 4096
    a = torch.randn(n, n, device="cuda").to(TYPES[precision])
    b = torch.randn(n, n, device="cuda").to(TYPES[precision])
    return 2 * n**3 / seconds(lambda: a @ b)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ops")
    parser.add_argument("--output")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("torch sees no GPU")
        return 77
    with open(args.ops, encoding="utf-8") as file:
        rows = json.load(file)
    bandwidth = measure_bandwidth()
    rates = {name: measure_rate(name)
             for name in sorted({row["precision"] for row in rows})}
    print(f"copy: {bandwidth / 1e9:.0f} GB/s; products of matrices, TFLOP/s: "
          + ", ".join(f"{name} {rate / 1e12:.1f}"
                      for name, rate in rates.items()))
    print(f'{"us":>9}{"roof us":>9}{"share":>7}  op')
    for row in rows:
        roof = 1e6 * max(row["bytes"] / bandwidth,
                         row["flops"] / rates[row["precision"]])
        row["roof-microseconds"] = roof
        row["share"] = roof / row["microseconds"]
        print(f'{row["microseconds"]:9.2f}{roof:9.2f}{row["share"]:7.2f}  '
              f'{row["precision"]} {row["op"]}')
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            json.dump({"copy-bytes-per-second": bandwidth,
                       "flops-per-second": rates, "rows": rows}, file,
                      indent=1)
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
