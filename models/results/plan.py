# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is run, in which order, and what each arm of it is."""

SEEDS = (1, 2, 3)
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)

# A link is one call of gst-sod train that starts from the networks of the link
# before it: name -> settings over those of recipe.ini.
ONE = ('run.first-phase=1', 'run.last-phase=1')
TWO = ('run.first-phase=2', 'run.last-phase=2')
THREE = ('run.first-phase=3', 'run.last-phase=3')
# A preset sets everything anew, what recipe.ini says of the machine and of
# batches too.
PAPER = ('run.preset=paper', 'run.threads=1', 'data.batch-size=8',
         'data.reading-threads=0', 'run.checkpoint-interval=100000',
         'augmented.steps=50', 'augmented.monitor-interval=10')
# Networks of the shipped size learn as those that are shipped did.
DEFAULT_SETTINGS = ('run.precision=bf16',)
LINKS = {
    # Phase 1, from random weights.
    'initial': ONE + ('run.reverse=yes',),
    'initial-alone': ONE + ('run.reverse=no',),
    'initial-frame': ONE + ('run.reverse=no', 'base.second-input=frame',
                            'base.frame-distance=42'),
    # As many steps as augment or distill, as they are scheduled, with labels
    # alone.
    'learn': ONE + ('run.reverse=no', 'base.steps=50', 'base.warm-up=5',
                    'base.learning-rate=3e-4'),
    'augment': TWO,
    'augment-paper': PAPER + TWO,
    'augment-strong': TWO + ('augmented.lambda=2',),
    'augment-unlabelled': TWO + ('augmented.unlabelled=yes',),
    'augment-soft': TWO + ('augmented.noise=0', 'augmented.pool=no',
                           'augmented.binarise=0'),
    # Phase 3: the reverse network, base networks, or both.
    'label': THREE,
    'label-average': THREE + ('semi-supervised.pseudo-labels=average',),
    'teach': THREE + ('semi-supervised.distill=no',),
    'distill': THREE + ('run.reverse=no',),
    'distill-average': THREE + ('run.reverse=no',
                                'semi-supervised.pseudo-labels=average'),
}

INITIAL = 'base only'
# Arm -> its links behind phase 1. The reverse network need not learn in the
# last link: nothing asks it any more.
ARMS = {
    INITIAL: (),
    'longer': ('learn', 'learn'),
    '+ reverse': ('augment', 'augment'),
    '+ pseudo-labels': ('augment', 'label', 'augment', 'distill'),
    'longer still': ('learn', 'learn', 'learn', 'learn'),
    'without reverse': ('distill', 'distill'),
    'no distill': ('augment', 'teach', 'augment'),
    'average': ('augment', 'label-average', 'augment', 'distill-average'),
    'paper': ('augment-paper', 'augment-paper'),
}
# Of what was tried to better '+ reverse'; listed before any of it was run.
VARIANTS = {
    'lambda 2': ('augment-strong', 'augment-strong'),
    'unlabelled': ('augment-unlabelled', 'augment-unlabelled'),
    'soft maps': ('augment-soft', 'augment-soft'),
}
# What an arm is held against: as many steps of base networks, labels alone.
CONTROL = {
    '+ reverse': 'longer', 'without reverse': 'longer',
    'no distill': 'longer', 'paper': 'longer',
    '+ pseudo-labels': 'longer still', 'average': 'longer still',
    **{variant: 'longer' for variant in VARIANTS},
}
REVERSE_ARMS = ('+ reverse', 'no distill', 'paper')
LABEL_ARMS = ('+ pseudo-labels', 'without reverse', 'average')
# Choices of the method: what it is called, the arm that has it, and its
# opposite.
PAIRS = (
    ('reverse network, no pseudo-labels', '+ reverse', 'longer'),
    ('reverse network beside pseudo-labels (and twice the steps)',
     '+ pseudo-labels', 'without reverse'),
    ('base networks learn from pseudo-labels (and twice the steps)',
     '+ pseudo-labels', 'no distill'),
    ('confident labels, not average ones', '+ pseudo-labels', 'average'),
    ('preset `effective`, not `paper` (and twice the steps)',
     '+ pseudo-labels', 'paper'),
    ('phase 2 of `effective`, not of `paper`', '+ reverse', 'paper'),
)
MEANING = {
    INITIAL: 'phase 1 alone, or the model that is shipped: what all others '
             'start from',
    'longer': 'phase 1 goes on for 2 x 50 steps, with labels alone',
    'longer still': 'phase 1 goes on for 4 x 50 steps, with labels alone',
    '+ reverse': 'phase 2 twice: 2 x 50 steps a base network',
    '+ pseudo-labels': 'phases 2 and 3 twice, preset `effective` (confident '
                       'pseudo-labels, base networks learn from them too): '
                       '4 x 50 steps',
    'without reverse': 'phase 3 twice without a reverse network: 2 x 50 steps '
                       'on labels and pseudo-labels',
    'no distill': 'phases 2, 3, 2; only the reverse network learns from '
                  'pseudo-labels, as in the paper: 2 x 50 steps',
    'average': 'as + pseudo-labels, labels by the plain average of the paper',
    'paper': 'phase 2 of preset `paper` twice: both networks learn, from the '
             'reconstruction alone, SGD at 1e-3 (its phase 3 changes no base '
             'network): 2 x 50 steps',
    'lambda 2': '+ reverse with a weight of the reconstruction of 2',
    'unlabelled': '+ reverse, frames without labels are reconstructed too',
    'soft maps': '+ reverse, maps are not degraded on their way in',
}

MAIN = 'random weights'
# The same with all steps and warm-ups so many times as long.
LONG = 'random weights, four times as long'
TIMES = {LONG: 4}
DEFAULT = 'default model'
DEFAULT_SHARE = 0.2
FRAMES = 'one and two frames'
ONE_FRAME, TWO_FRAMES, ALIGNED = 'one frame', 'two frames', 'two, aligned'
# Arm -> frames of the input, and the link that makes it.
FRAME_ARMS = {ONE_FRAME: (1, 'initial-alone'),
              TWO_FRAMES: (2, 'initial-frame'),
              ALIGNED: (2, 'initial-alone')}
FEW = (INITIAL, 'longer', '+ reverse', '+ pseudo-labels', 'longer still')
DEFAULT_ARMS = LONG_ARMS = (*FEW, 'without reverse')
LONG_SHARE = 0.2
BLOCKS = (MAIN, LONG, DEFAULT)  # of chains


def get_arms(block, share):
    """The arms of a block at a share of labels, in order."""
    if block == FRAMES:
        return tuple(FRAME_ARMS)
    if block == DEFAULT:
        return DEFAULT_ARMS
    if block == LONG:
        return LONG_ARMS
    if share < 0.5:
        return tuple(ARMS)
    # Where all frames have labels there is nothing to make pseudo-labels for.
    return FEW if share < 1 else FEW[:3]


def make_groups():
    """(block, share, seed, arms) in the order of what is wanted first; the
    arms of a group start from the same networks."""
    groups = [(MAIN, 0.2, seed, get_arms(MAIN, 0.2)) for seed in SEEDS]
    groups += [(DEFAULT, DEFAULT_SHARE, seed, DEFAULT_ARMS) for seed in SEEDS]
    groups += [(MAIN, 0.4, seed, get_arms(MAIN, 0.4)) for seed in SEEDS]
    groups += [(FRAMES, 1.0, seed, get_arms(FRAMES, 1.0)) for seed in SEEDS]
    for share in (1.0, 0.6, 0.8):
        groups += [(MAIN, share, seed, get_arms(MAIN, share))
                   for seed in SEEDS]
    groups += [(MAIN, 0.2, seed, tuple(VARIANTS)) for seed in SEEDS]
    groups += [(LONG, LONG_SHARE, seed, LONG_ARMS) for seed in SEEDS]
    return groups


def make_key(block, share, seed, arm):
    return f'{block}/{share:g}/{seed}/{arm}'
