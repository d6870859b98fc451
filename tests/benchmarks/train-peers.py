#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A training step of `base` beside PyTorch's: the same network, forward and
backward with the same gradient of the output, batch and threads, in one run
and in turns. PyTorch in its best ways: channels_last, eager and compiled, f32
and bf16 (autocast). Prints milliseconds an image, the shortest, and memory."""
import argparse
import json
import os
import subprocess
import time

import torch

from torch_base import Base


class Torch:
    def __init__(self, args, compiled, bf16):
        self.name = "torch %s %s" % (
            "compiled" if compiled else "eager", "bf16" if bf16 else "f32")
        self.precision = "bf16" if bf16 else "f32"
        torch.manual_seed(1)
        network = Base().train()
        network = network.to(memory_format=torch.channels_last)
        x = torch.randn(args.batch, 3, args.height, args.width)
        x = x.contiguous(memory_format=torch.channels_last)
        gradient = torch.randn(args.batch, 1, args.height, args.width)
        run = torch.compile(network) if compiled else network

        def step():
            for p in network.parameters():
                p.grad = None
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                y = run(x)
            y.float().backward(gradient)

        self.step = step
        self.best = float("inf")

    def turn(self, args):
        for i in range(args.iterations + 3):
            start = time.perf_counter()
            self.step()
            if i >= 3:
                self.best = min(self.best, time.perf_counter() - start)


def peak_of(args, name):
    """Largest resident size of a process that runs this one alone, less that
    of one that only loads the framework; MiB."""
    sizes = []
    for what in ("none", name):
        out = subprocess.run(
            [os.sys.executable, __file__, "--alone", what,
             "--batch", str(args.batch), "--threads", str(args.threads),
             "--width", str(args.width), "--height", str(args.height)],
            check=True, capture_output=True, text=True).stdout
        sizes.append(int(out.split()[-1]))
    return (sizes[1] - sizes[0]) / 1024


def run_alone(args):
    if args.alone != "none":
        _, how, precision = args.alone.split()
        subject = Torch(args, how == "compiled", precision == "bf16")
        for _ in range(3):
            subject.step()
    with open("/proc/self/status") as status:
        print(next(line for line in status if line.startswith("VmHWM"))
              .split()[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", help="benchmark-train of the build")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--eager-only", action="store_true")
    parser.add_argument("--precision", choices=["f32", "bf16"],
                        help="this one alone")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    if args.alone:
        run_alone(args)
        return
    subjects = [Torch(args, compiled, bf16)
                for compiled in ([False] if args.eager_only else [False, True])
                for bf16 in (False, True)
                if args.precision in (None, "bf16" if bf16 else "f32")]
    ours = {}
    for _ in range(args.rounds):
        for subject in subjects:
            subject.turn(args)
        out = subprocess.run(
            [args.benchmark, "--json", "--rounds=1",
             "--batch=%d" % args.batch, "--threads=%d" % args.threads,
             "--size=%dx%d" % (args.width, args.height),
             "--iterations=%d" % args.iterations],
            check=True, capture_output=True, text=True).stdout
        for row in json.loads(out):
            if args.precision not in (None, row["precision"]):
                continue
            row["step-ms"] = row["forward-ms"] + row["backward-ms"]
            best = ours.setdefault(row["precision"], row)
            for key in row:
                if key.endswith("-ms"):
                    best[key] = min(best[key], row[key])
    print("torch %s" % torch.__version__)
    print("%-22s %10s %10s" % ("", "ms/image", "MiB"))
    for subject in subjects:
        print("%-22s %10.3f %10.1f" % (
            subject.name, subject.best * 1000 / args.batch,
            peak_of(args, subject.name)))
    for precision, row in ours.items():
        best = min(s.best for s in subjects if s.precision == precision)
        print("%-22s %10.3f %10.1f   %.2f of the best above, %.2f of the bare "
              "convolutions and norms (%.3f)" % (
                  "gst-sod " + precision, row["step-ms"], row["memory-mib"],
                  row["step-ms"] * args.batch / best / 1000,
                  row["step-ms"] / row["bare-ms"], row["bare-ms"]))


if __name__ == "__main__":
    main()
