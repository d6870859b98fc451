#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`base` on a GPU beside PyTorch's in its best ways, turn by turn in one run.

    gpu-peers.py --benchmarks FOLDER --model FILE --what inference|training
                 [--device cuda] [--batches 1,4,16,64] [--output FILE.json]

PyTorch runs the same network from the same file: for inference with its batch
norms folded and its stem joined, as this library does; eager, eager in a CUDA
graph, and compiled (default, reduce-overhead, max-autotune), channels last.
Times are medians, milliseconds:

  latency  from input on the device to the map, 8 bits, in the host's memory
  queued   of a call that has others before and behind it

Prints one table; a line "ok" at its end where all that ran was measured. On
`--device cpu` it runs the parts that need no GPU, to try the script itself.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import torch

import torch_base

WARM_UP = 5
QUEUES = 10  # a turn
MODES = ("eager", "channels_last", "graph", "default", "reduce-overhead",
         "max-autotune")
TYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}


class NotHere(Exception):
    """A way to run the network that this machine has not; says why."""


def synchronise(device):
    if device == "cuda":
        torch.cuda.synchronize()


def as_graph(call):
    """What `call` launches, captured: a call that replays it."""
    if not torch.cuda.is_available():
        raise NotHere("there is no GPU to capture a CUDA graph on")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = call()

    def replay():
        graph.replay()
        return result

    return replay


def compiled(network, mode, deadline):
    if time.monotonic() > deadline:
        raise NotHere("time was up before it could be compiled")
    torch._dynamo.reset()
    return torch.compile(network, mode=mode, dynamic=False)


class Timed:
    """`call` queues one pass, `finish` waits until its result is here."""

    def __init__(self, name, precision, batch, device):
        self.name, self.precision, self.batch = name, precision, batch
        self.device = device
        self.latencies, self.queues = [], []
        self.memory = None

    def queue(self, n):
        synchronise(self.device)
        start = time.perf_counter()
        for _ in range(n):
            result = self.call()
        self.finish(result)
        return time.perf_counter() - start

    def turn(self, iterations):
        for _ in range(WARM_UP):
            self.finish(self.call())
        times = [self.queue(1) for _ in range(iterations)]
        self.latencies.append(statistics.median(times) * 1e3)
        many = max(1, iterations // QUEUES)
        self.queues.append(statistics.median(
            (self.queue(1 + many) - self.queue(1)) / many
            for _ in range(QUEUES)) * 1e3)

    def row(self):
        return {"engine": "torch", "mode": self.name, "batch": self.batch,
                "precision": self.precision, "memory-mib": self.memory,
                "latency-ms": statistics.median(self.latencies),
                "queued-ms": statistics.median(self.queues)}

    def measure_memory(self, make):
        """The high-water mark of what making and a first pass take."""
        if self.device == "cuda":
            torch.cuda.empty_cache()
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
        make()
        self.finish(self.call())
        if self.device == "cuda":
            peak = torch.cuda.max_memory_allocated()
            self.memory = (peak - before) / 2**20


class Inference(Timed):
    def __init__(self, args, mode, batch, deadline):
        super().__init__(mode, args.precision, batch, args.device)
        self.measure_memory(lambda: self.make(args, mode, batch, deadline))

    def make(self, args, mode, batch, deadline):
        base, (width, height) = torch_base.load(args.model)
        layout = torch.contiguous_format if mode == "eager" \
            else torch.channels_last
        dtype = TYPES[args.precision]
        network = torch_base.Folded(base).to(args.device, dtype)
        network = network.to(memory_format=layout).eval()
        x = torch.randn(batch, 3, height, width).to(args.device, dtype)
        x = x.contiguous(memory_format=layout)
        run = network if mode in MODES[:3] else compiled(
            network, mode, deadline)

        def call():
            with torch.inference_mode():
                return run(x)

        self.call = as_graph(call) if mode == "graph" else call

    def finish(self, result):
        with torch.inference_mode():
            return (result * 255 + 0.5).to(torch.uint8).cpu()


class Training(Timed):
    """Forward, backward and AdamW in one launch, on a loss that is part of
    it."""

    def __init__(self, args, mode, batch, deadline):
        super().__init__(mode, args.precision, batch, args.device)
        self.measure_memory(lambda: self.make(args, mode, batch, deadline))

    def make(self, args, mode, batch, deadline):
        base, (width, height) = torch_base.load(args.model)
        layout = torch.contiguous_format if mode == "eager" \
            else torch.channels_last
        network = base.train().to(args.device).to(memory_format=layout)
        x = torch.randn(batch, 3, height, width, device=args.device)
        x = x.contiguous(memory_format=layout)
        target = (torch.rand(batch, 1, height, width, device=args.device)
                  > 0.5).float()
        on_gpu = args.device == "cuda"
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=1e-4, fused=True, capturable=on_gpu)
        run = network if mode in MODES[:3] else compiled(
            network, mode, deadline)

        def step():
            with torch.autocast(args.device, TYPES[args.precision],
                                enabled=args.precision != "f32"):
                y = run(x)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                y.float(), target)
            loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=mode != "graph")
            return loss

        self.call = as_graph(step) if mode == "graph" else step

    def finish(self, result):
        return result.item()


class Ours:
    """The project's own benchmark, which reports its own times."""

    def __init__(self, args, mode, batch):
        self.name, self.batch, self.precision = mode, batch, args.precision
        program = "network" if args.what == "inference" else "train"
        self.command = [
            os.path.join(args.benchmarks, f"benchmark-{program}"), "--json",
            "--rounds", "1", "--device", args.device, "--batch", str(batch),
            "--precision", args.precision, "--iterations",
            str(max(args.iterations, QUEUES))]
        if args.what == "inference":
            self.command += ["--model", args.model, "--frame", "320x192"]
        self.env = dict(os.environ)
        if mode == "launches":
            self.env["GST_SOD_CUDA_GRAPHS"] = "0"
        self.rows = []

    def turn(self, _):
        done = subprocess.run(self.command, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=self.env)
        if done.returncode != 0:
            raise NotHere(done.stderr.strip().splitlines()[-1]
                          if done.stderr.strip()
                          else f"exit status {done.returncode}")
        self.rows.append(json.loads(done.stdout)[0])

    def row(self):
        def median(get):
            values = [get(row) for row in self.rows]
            return None if None in values else statistics.median(values)

        row = {"engine": "gst-sod", "mode": self.name, "batch": self.batch,
               "precision": self.precision,
               "memory-mib": median(lambda r: r.get("memory-mib"))}
        if "inference" in self.rows[0]:
            row["latency-ms"] = median(lambda r: r["inference"]["median-ms"])
            row["queued-ms"] = median(lambda r: r["queued"]["median-ms"])
        else:
            row.update(self.training(median))
        return row

    def training(self, median):
        """A whole step of the trainer; and from images that are on the device
        already, as PyTorch's are."""
        whole = median(lambda r: self.batch * r["trainer-median-ms"])
        resident = median(lambda r: self.batch * r.get(
            "resident-median-ms", r["trainer-median-ms"]))
        return {"trainer-ms": whole, "latency-ms": resident,
                "queued-ms": resident}


def list_modes(args, batch):
    """What is compiled for minutes, only where it is asked for."""
    if args.device == "cpu":
        return ("eager", "channels_last", "graph", "default")
    if args.what == "training" or batch in (args.batches[0], args.batches[-1]):
        return MODES
    return MODES[:5]


def measure(args, batch, deadline, missing):
    """A row for each way that could be measured."""
    subjects = []
    kind = Inference if args.what == "inference" else Training
    for mode in list_modes(args, batch):
        try:
            subjects.append(kind(args, mode, batch, deadline))
        except (NotHere, RuntimeError, torch._dynamo.exc.TorchDynamoException
                ) as error:
            missing.append({"engine": "torch", "mode": mode, "batch": batch,
                            "reason": str(error).strip().splitlines()[0]})
    subjects += [Ours(args, mode, batch)
                 for mode in (("graph", "launches") if args.device != "cpu"
                              else ("graph",))]
    for _ in range(args.rounds):
        for subject in list(subjects):
            try:
                subject.turn(args.iterations)
            except (NotHere, RuntimeError) as error:
                subjects.remove(subject)
                missing.append({
                    "engine": "gst-sod" if isinstance(subject, Ours)
                    else "torch", "mode": subject.name, "batch": batch,
                    "reason": str(error).strip().splitlines()[0]})
    return [subject.row() for subject in subjects]


def add_ratios(rows):
    """How many times as fast as each of PyTorch's ways ours is, by the time
    queued and by latency; ours: the quicker of its ways."""
    for batch in {row["batch"] for row in rows}:
        ours = [r for r in rows if r["batch"] == batch
                and r["engine"] == "gst-sod"]
        for row in rows:
            if row["batch"] == batch and row["engine"] == "torch" and ours:
                for key in ("latency", "queued"):
                    best = min(r[f"{key}-ms"] for r in ours)
                    row[f"ours-times-as-fast-{key}"] = row[f"{key}-ms"] / best


def print_table(args, rows, missing):
    print(f"{args.what}, {args.precision}, torch {torch.__version__}")
    print(f'{"engine":9}{"mode":17}{"batch":>6}{"latency ms":>12}'
          f'{"queued ms":>11}{"images/s":>10}{"MiB":>9}'
          f'{"ours: x":>9}{"queued x":>9}')
    for row in rows:
        memory = row["memory-mib"]
        print(f'{row["engine"]:9}{row["mode"]:17}{row["batch"]:6}'
              f'{row["latency-ms"]:12.4f}{row["queued-ms"]:11.4f}'
              f'{row["batch"] * 1e3 / row["queued-ms"]:10.0f}'
              + (f'{memory:9.1f}' if memory is not None else f'{"":9}')
              + (f'{row["ours-times-as-fast-latency"]:9.2f}'
                 f'{row["ours-times-as-fast-queued"]:9.2f}'
                 if "ours-times-as-fast-latency" in row else ""))
    for row in missing:
        print(f'{row["engine"]} {row["mode"]}, batch {row["batch"]}: '
              f'not measured: {row["reason"]}')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmarks", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--what", choices=("inference", "training"),
                        default="inference")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", choices=TYPES, help="f16 for inference, "
                        "bf16 for training, f32 on the CPU")
    parser.add_argument("--batches", help="1,4,16,64 for inference, 16 for "
                        "training")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=120,
                        help="nothing is compiled after these (120)")
    parser.add_argument("--output", help="where the rows go as JSON")
    args = parser.parse_args()
    training = args.what == "training"
    if args.precision is None:
        args.precision = "f32" if args.device == "cpu" else \
            "bf16" if training else "f16"
    args.batches = [int(n) for n in (
        args.batches or ("16" if training else "1,4,16,64")).split(",")]
    if args.device == "cuda" and not torch.cuda.is_available():
        print("torch sees no GPU")
        return 77
    torch.backends.cudnn.benchmark = True
    deadline = time.monotonic() + args.seconds
    rows, missing = [], []
    # First and last batch first: those are what is asked about.
    for batch in sorted(args.batches, key=lambda b: b in args.batches[1:-1]):
        rows += measure(args, batch, deadline, missing)
    rows.sort(key=lambda row: row["batch"])
    add_ratios(rows)
    print_table(args, rows, missing)
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            json.dump({"what": args.what, "torch": torch.__version__,
                       "device": args.device, "rounds": args.rounds,
                       "iterations": args.iterations, "rows": rows,
                       "not-measured": missing}, file, indent=1)
    if not any(row["engine"] == "gst-sod" for row in rows):
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
