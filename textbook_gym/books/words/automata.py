"""The words of `textbook_gym.books.automata`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record, onehot
from textbook_gym.books.automata import INPUTS, LONGEST, OUTPUTS, STATES, Action, Chapter


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the machine as rows of characters: inputs, start, label, last output and result, tune, notes played."""
    keys = "  ".join(f"[{'ABC'[i]}]" if o.asked[i] else f" {'ABC'[i]} " for i in range(INPUTS))
    notes = ["XYZ"[c] for i in range(LONGEST) for c in range(OUTPUTS) if o.tune[i, c]]
    return [
        "+---------------+",
        f"| {keys} |",
        f"+----label {onehot.index(o.label) + 1 or '-'}----+",
        f" start {onehot.index(o.start) + 1 or '?'}  said {'-XYZ'[onehot.index(o.output) + 1]}{' +-'[round(o.result)]}",
        f" tune {''.join(notes) or '-':8} {round(o.played * LONGEST)} ",
    ]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    notes = ["XYZ"[c] for i in range(LONGEST) for c in range(OUTPUTS) if o.tune[i, c]]
    result = {1.0: "looks right", -1.0: "wrong", 0.0: "nothing to tell"}[o.result]
    start, output, asked = onehot.index(o.start), onehot.index(o.output), onehot.index(o.asked)
    return (
        f"Start: {['not told', *range(1, STATES + 1)][start + 1]}. Label: {onehot.index(o.label) + 1 or 'none'}. "
        f"Output of the last step: {['not heard', *'XYZ'][output + 1]}. Result of the last answer: {result}. "
        f"Asked about input: {['none', *'ABC'][asked + 1]}. Tune to be played: {' '.join(notes) or 'none'}. "
        f"Played: {round(o.played * LONGEST) if p.told else 'not told'}."
    )


PREFACE = """You talk to a machine that takes the inputs A, B and C and says X, Y or Z to each of them.
The machine is always in one of several states. You do not see in which one; some pages name the state that it
started in, by a number from 1 to 7. It is one and the same machine in all exercises, but it grows: when a chapter
begins, new states may join it, and some of what it does may change. {4-6: There are two kinds of exercises.}
Questions. A page asks what the machine will say to a certain input. PREDICT_X, PREDICT_Y and PREDICT_Z say your
guess; then the machine takes that input, and you hear what it says. PRESS_A, PRESS_B and PRESS_C instead give the
machine an input of your own: you hear what it says, but the question is lost and counts as wrong. HINT looks right,
but you do not hear what the machine said, and the mark counts it as half. Then the next question comes; the machine
goes on from where it is. The exercise ends when the steps are used up.
{4-6: Tunes. A page shows notes, such as X Z Y. PRESS_A, PRESS_B and PRESS_C give the machine an input; make it say all
notes in their order. Other outputs may come between them and do no harm. The exercise ends with the last note, or
when the steps are used up. PREDICT_X, PREDICT_Y, PREDICT_Z and HINT do nothing in a tune but cost a step.}
Labels. In every exercise LABEL puts a label on the state that the machine is in, if it has none. It costs a step; the
machine stays where it is and the question stays. The first label is 1, the next one 2, and so on: these are not the
numbers of the states. A label stays there in all exercises to come, and whenever the machine is in that state the
page says so.
Mark of questions: the share of all steps allowed that were right predictions, a hint counting half.
{4-6: Mark of a tune: its notes divided by the steps taken if it was played to its end, else the notes played divided by
the steps allowed. Every tune can be played in as many presses as it has notes.}
{6: Exam: tunes as long as the steps allowed. You hear nothing of what the machine says and are not told how many notes
are played, nor where the machine starts.}"""

STRUCTURE = """In each state every input always gives the same output and always leads to the same next state. There
are two states in the first chapter, four in the second, five in the third, six in the fourth and seven from the fifth
on; the numbers of the states stay the same. As long as the state that an input leads to has not joined yet, the
machine stays where it is; every other transition and all outputs are the same from the first chapter to the last."""

FORBIDDEN = ("transition", "transitions", "Mealy", "target", "automaton")

ARGUMENTS = {"PRESS": "input", "PREDICT": "output"}


def last_press(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action did."""
    asked, heard = (
        "ABC"[onehot.index(before.asked)],
        f"said {'XYZ'[onehot.index(o.output)]}" if onehot.index(o.output) >= 0 else "was not heard",
    )
    if action == Action.LABEL:
        if onehot.index(before.label) >= 0:
            return "The state has a label already; the step is lost."
        return f"You put label {onehot.index(o.label) + 1} on the state that the machine is in."
    if onehot.index(before.asked) >= 0 and action >= Action.PREDICT_X:
        if action == Action.HINT:
            return f"You took a hint for input {asked}: it looks right, counts half, and the machine was not heard."
        verdict = {1.0: "right", -1.0: "wrong", 0.0: "whether that is right is not shown"}[o.result]
        return f"Input {asked}: you predicted {'XYZ'[action - Action.PREDICT_X]}, the machine {heard}: {verdict}."
    if action >= Action.PREDICT_X:
        return f"{Action(action).name} does nothing in a tune; the step is lost."
    pressed = f"You pressed {'ABC'[action]}: the machine {heard}"
    if onehot.index(before.asked) >= 0:
        return f"{pressed}. The question about input {asked} is lost{' and counts as wrong' * (o.result < 0.0)}."
    if p.told == 0:
        return f"{pressed}."
    return f"{pressed}, {'the next note' if o.played > before.played else 'not the next note'}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action did, then where the machine is, as far as that is told, and question or tune."""
    said = []
    if before is not None and action is not None:
        said.append(last_press(p, before, action, o))
    else:
        if before is not None:
            said.append("You did nothing; a step went by, the machine stays where it is.")
        if onehot.index(o.output) >= 0 or o.result != 0.0:
            heard = f"said {'XYZ'[onehot.index(o.output)]}" if onehot.index(o.output) >= 0 else "was not heard"
            looks = {1.0: "; that looked right", -1.0: "; that was wrong", 0.0: ""}[o.result]
            said.append(f"The step before: the machine {heard}{looks}.")
    start = (
        f"The machine started in state {onehot.index(o.start) + 1}."
        if onehot.index(o.start) >= 0
        else "The machine's start is not told."
    )
    left, asked, notes = round(o.left * p.limit), onehot.index(o.asked), round(o.played * LONGEST)
    tune = ["XYZ"[c] for i in range(LONGEST) for c in range(OUTPUTS) if o.tune[i, c]]
    label = onehot.index(o.label) + 1
    said.append(f"{start} {f'The label here is {label}' if label else 'No label here'}.")
    if asked >= 0:
        ask = f"What will it say to input {'ABC'[asked]}?"
        said.append(ask if left else f"Not asked any more: input {'ABC'[asked]}.")
    else:
        wanted = f"; next note: {tune[notes]}" if left and notes < len(tune) else ""
        played = f"notes played: {notes}{wanted}" if p.told == 1 else "how many notes are played is not told"
        said.append(f"The tune is {' '.join(tune)}; {played}.")
    whole = p.told == 1 and asked < 0 and notes == len(tune)
    over = "The tune is played to its end; the exercise is over." if whole else "The exercise is over."
    said.append(f"Steps left: {left}." if left else over)
    return " ".join(said)
