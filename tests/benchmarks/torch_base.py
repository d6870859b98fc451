# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network `base` in PyTorch, as it is trained and as a model file has it:
for benchmarks beside PyTorch."""

import torch

from model_file import read_architecture, read_tensors

nn = torch.nn


class Unit(nn.Sequential):
    """Convolution without bias, batch norm, rectifier."""

    def __init__(self, c_in, c_out, kernel, dilation, stride=1):
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, stride,
                      dilation * (kernel - 1) // 2, dilation, bias=False),
            nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


def up(x):
    return nn.functional.interpolate(
        x, scale_factor=2, mode="bilinear", align_corners=False)


class Base(nn.Module):
    """Gives logits."""

    def __init__(self, widths=(32, 64, 96, 128), channels=3,
                 encoder=((1, 2), (1, 2), (2, 4)),
                 decoder=((2, 4), (1, 2), (1, 2)), skips=True):
        super().__init__()
        c = widths
        self.skips = skips
        self.stem = nn.ModuleList([Unit(channels, c[0] // 2, 3, 1, 2),
                                   Unit(channels, c[0] // 4, 5, 1, 2),
                                   Unit(channels, c[0] // 4, 7, 1, 2)])
        self.encoder = nn.ModuleList(
            nn.Sequential(Unit(c[i], c[i + 1], 3, d[0]),
                          Unit(c[i + 1], c[i + 1], 3, d[1]))
            for i, d in enumerate(encoder))
        self.decoder = nn.ModuleList(
            nn.Sequential(Unit(c[3 - i], c[2 - i], 3, d[0]),
                          Unit(c[2 - i], c[2 - i], 3, d[1]))
            for i, d in enumerate(decoder))
        self.out = nn.Conv2d(c[0], 1, 3, padding=1)

    def forward(self, x):
        levels = [torch.cat([unit(x) for unit in self.stem], 1)]
        for block in self.encoder:
            levels.append(block(nn.functional.max_pool2d(levels[-1], 2)))
        y = levels[-1]
        for i, block in enumerate(self.decoder):
            y = up(block(y))
            if self.skips:
                y = y + levels[2 - i]
        return up(self.out(y))


class Folded(nn.Module):
    """What inference runs: norms in the convolutions, the three kernels of the
    stem in one, a sigmoid at the end. As good as it gets without a compiler."""

    def __init__(self, base):
        super().__init__()
        self.base = fold(base)

    def forward(self, x):
        return torch.sigmoid(self.base(x))


def fold_unit(unit):
    conv = torch.nn.utils.fusion.fuse_conv_bn_eval(unit[0], unit[1])
    return nn.Sequential(conv, nn.ReLU(inplace=True))


def join_stem(units):
    """The 3x3, 5x5 and 7x7 kernels side by side as one 7x7."""
    convs = [unit[0] for unit in units]
    joined = nn.Conv2d(convs[0].in_channels,
                       sum(conv.out_channels for conv in convs), 7, 2, 3)
    with torch.no_grad():
        joined.weight.copy_(torch.cat([
            nn.functional.pad(conv.weight, [(7 - conv.kernel_size[0]) // 2] * 4)
            for conv in convs]))
        joined.bias.copy_(torch.cat([conv.bias for conv in convs]))
    return nn.Sequential(joined, nn.ReLU(inplace=True))


def fold(base):
    base = base.eval()
    base.stem = nn.ModuleList([join_stem([fold_unit(u) for u in base.stem])])
    for blocks in (base.encoder, base.decoder):
        for i, block in enumerate(blocks):
            blocks[i] = nn.Sequential(*[fold_unit(unit) for unit in block])
    return base


def load(path):
    """The model of a file, in f32."""
    architecture, tensors = read_architecture(path), read_tensors(path)
    network = Base(architecture["widths"],
                   3 * architecture["input-frames"],
                   architecture["encoder-dilations"],
                   architecture["decoder-dilations"], architecture["skips"])
    state = network.state_dict()
    stems = ("stem.k3", "stem.k5", "stem.k7")
    for name in state:
        if name.endswith("num_batches_tracked"):
            continue
        words = name.split(".")
        if words[0] == "stem":
            theirs = stems[int(words[1])], words[2], words[3]
        elif words[0] == "out":
            theirs = ("out", None, words[1])
        else:
            theirs = (".".join([words[0][:3], *words[1:3]]), words[3], words[4])
        kind = {"0": "conv.", "1": "bn.", None: ""}[theirs[1]]
        array = tensors[f"{theirs[0]}.{kind}{theirs[2]}"]
        state[name].copy_(torch.from_numpy(array.copy()))
    return network, architecture["input-size"]
