"""One translation unit under one set of macros: directives obeyed in order, statements with leads expanded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index.errors import Place, PreprocessorError
from kernel_index.preprocessor.branches import obeyed
from kernel_index.preprocessor.calls import Outcome, Outcomes, Problem, SinkCall
from kernel_index.preprocessor.conditions import Conditions
from kernel_index.preprocessor.expand import EndlessExpansionError, Expander, ExpansionError
from kernel_index.preprocessor.expressions import ExpressionError
from kernel_index.preprocessor.files import DEFINE, INCLUDE, ONCE, UNDEF, Instruction, SourceFile
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.inclusion import Inclusions, Report, State, edit
from kernel_index.preprocessor.leads import Statements
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import BLUE, identifiers, token_at, tokenize

_CALL_MARK = "\x02"
"""Begins the token that stands for a sink's call in the expanded text; the call's number follows."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Active text of a file between two directives; ``instruction`` is the index of the one in front."""

    file: SourceFile
    start: int
    end: int
    instruction: int


class Unit:
    """A source file that is compiled on its own, run once a profile.

    What a statement expands to is kept with the macros it depended on, so that a profile in which these are the
    same costs no expansion.
    """

    def __init__(self, file: SourceFile, headers: Headers, inclusions: Inclusions, sinks: frozenset[str]) -> None:
        self.file = file
        self.headers = headers
        self.inclusions = inclusions
        self.sinks = sinks
        self.conditions = Conditions()
        self._leads = headers.leads_of(file)
        self._words: dict[tuple[str, int], frozenset[str]] = {}
        self.outcomes: Outcomes = {}

    def run(self, macros: Mapping[str, Macro]) -> UnitRun:
        """All calls of the sinks under a set of predefined macros, in order, and what could not be evaluated.

        Raises PreprocessorError for input that no compiler would survive: an expansion or inclusion without end,
        a registration macro that only leads back to itself.
        """
        run = _Run(self, macros)
        try:
            run.all()
        except RecursionError:
            raise PreprocessorError(run.place, "macros, conditions or headers are nested too deeply") from None
        return UnitRun(run.calls, run.problems, run.header_problems, run.taken, run.headers, run.macros)

    def leads_back(self, name: str) -> bool:
        """Whether a macro within itself is a registration that never ends; one that joins names need not be."""
        return name in self._leads and name not in self._leads.joining

    def may_expand(self, segment: Segment, macros: Mapping[str, Macro]) -> bool:
        """Whether a stretch of text names a macro or a sink: else it expands to itself."""
        key = (segment.file.path, segment.start)
        words = self._words.get(key)
        if words is None:
            words = self._words[key] = frozenset(identifiers(segment.file.text[segment.start : segment.end]))
        return not (words.isdisjoint(macros) and words.isdisjoint(self.sinks))

    def next_start(self, file: SourceFile, start: int, end: int) -> list[int]:
        """Where the next statement that mentions a lead begins, none or one."""
        return [begin for begin, _ in self.statements_of(file).find(start, end, most=1)]

    def mentions_lead(self, file: SourceFile, start: int, end: int) -> bool:
        """Whether a stretch of text mentions a lead outside literals."""
        return bool(self.statements_of(file).find(start, end, most=1))

    def statements_of(self, file: SourceFile) -> Statements:
        """The statements of this unit or a header of it that mention a lead."""
        return self.headers.statements_of(file, self._leads)


@dataclass(frozen=True, slots=True)
class UnitRun:
    """What one run found.

    ``header_problems`` are conditions of headers that could not be evaluated. ``taken`` are the instructions of the
    unit's own program whose text was active, ``headers`` those of the headers that were obeyed one by one, as each
    that registers something is. ``macros`` are the macros at its end.
    """

    calls: list[SinkCall]
    problems: list[Problem]
    header_problems: Collection[Problem]
    taken: set[int]
    headers: Mapping[str, tuple[SourceFile, set[int]]]
    macros: Mapping[str, Macro]


class _Run:
    """The state of one run: the macro table, what is included, and the calls found so far."""

    def __init__(self, unit: Unit, macros: Mapping[str, Macro]) -> None:
        self._unit = unit
        self._macros = dict(macros)
        self._state = State(self._macros)
        self._counter = -1
        self._statement = _StatementText(Segment(unit.file, 0, 0, 0), 0, lambda: None)
        self._expander = Expander(
            self._macros,
            unit.sinks,
            self._handle,
            {"__COUNTER__": self._next_counter, "__LINE__": self._line, "__FILE__": self._file},
        )
        self._goes_on = False
        self._calls_made: list[_OpenCall] = []
        self.calls: list[SinkCall] = []
        self.problems: list[Problem] = []
        self.header_problems: dict[Problem, None] = {}
        self.taken: set[int] = set()
        self.headers: dict[str, tuple[SourceFile, set[int]]] = {}

    @property
    def macros(self) -> Mapping[str, Macro]:
        """The macro table as it is now."""
        return self._macros

    @property
    def place(self) -> Place:
        """Where the run is: at the last statement that it began to expand."""
        return Place(self._statement.file, line=self._statement.line)

    def all(self) -> None:
        self._text = self._segments()
        for segment in self._text:
            self._run_segment(segment)

    def _following(self) -> Segment | None:
        """The next active text of any kind, for a statement that goes on after a directive."""
        self._goes_on = True
        try:
            return next(self._text, None)
        finally:
            self._goes_on = False

    # Directives.

    def _segments(self) -> Iterator[Segment]:
        """Obey the directives of the unit in order; yield the text that is active, that of included files too.

        Text in which no statement begins is left out where none goes on.
        """
        self._state.descend(self._unit.file)
        files = [self._obeyed(self._unit.file)]
        while files:
            following = next(files[-1], None)
            if following is None:
                files.pop()
                self._state.depth -= 1
            elif isinstance(following, Segment):
                yield following
            else:
                self._state.descend(following)
                files.append(self._obeyed(following))

    def _obeyed(self, file: SourceFile) -> Iterator[Segment | SourceFile]:
        """Obey the directives of a file; yield its active text, and the headers to go on with in between."""
        is_unit = file is self._unit.file
        active = self.taken if is_unit else self.headers.setdefault(file.path, (file, set()))[1]
        whole = self._unit.headers.whole
        begins = {} if whole else self._unit.statements_of(file).begins
        report: Report = self.problems.append if is_unit else self.header_problems.setdefault
        for index, instruction in obeyed(file.program, lambda condition: self._holds(file, condition, report)):
            kind = instruction.kind
            if kind in (DEFINE, UNDEF):
                edit(self._macros, {instruction.argument: instruction.macro})
            elif kind == INCLUDE:
                yield from self._include(self._target(file, instruction), file)
            elif kind == ONCE:
                self._state.included |= self._unit.inclusions.bit(file.path)
            active.add(index)
            if (index in begins or whole or self._goes_on) and instruction.text_start < instruction.text_end:
                yield Segment(file, instruction.text_start, instruction.text_end, index)

    def _target(self, file: SourceFile, instruction: Instruction) -> str:
        """What an ``#include`` names; a macro there is expanded, and nothing where it cannot be."""
        argument = instruction.argument
        if argument[:1] in ('"', "<"):
            return argument
        try:
            return "".join(self._expander.expand(tokenize(argument))).strip()
        except ExpansionError as problem:
            self.problems.append(Problem(file.path, instruction.line, f"#include {argument}: {problem}"))
            return ""

    def _include(self, argument: str, file: SourceFile) -> Iterator[SourceFile]:
        headers, inclusions, state = self._unit.headers, self._unit.inclusions, self._state
        for header in headers.included_by(argument, file):
            if not state.included & inclusions.bit(header.path):
                if headers.registers_below(header):
                    if header.once and not headers.whole:
                        state.included |= inclusions.bit(header.path)
                    yield header
                else:
                    self.header_problems.update(inclusions.enter(header, state, self._holds).problems)

    def _holds(self, file: SourceFile, instruction: Instruction, report: Report) -> bool:
        try:
            return self._unit.conditions.hold(instruction, self._macros, self._expander)
        except (ExpressionError, ExpansionError) as problem:
            words = " ".join(instruction.argument.split())
            report(Problem(file.path, instruction.line, f"#if {words}: {problem}"))
            return False

    # Statements.

    def _run_segment(self, segment: Segment) -> None:
        following: Segment | None = segment
        while following is not None:
            segment, following = following, None
            done = segment.start
            waiting = self._starts(segment)
            while waiting:
                start = waiting.pop()
                if start < done:
                    continue
                done, last, given_up = self._run_statement(segment, start)
                if last is not segment:
                    # The statement went on after a directive; what follows it there comes next.
                    following = Segment(last.file, done, last.end, last.instruction)
                    break
                if self._unit.headers.whole:
                    waiting += [done] if done < segment.end else []
                elif given_up:
                    waiting += self._unit.next_start(segment.file, done, waiting[-1] if waiting else segment.end)

    def _starts(self, segment: Segment) -> list[int]:
        """Where statements begin, descending; of text that counts whole the first, for each begins where one ends."""
        if self._unit.headers.whole:
            return [segment.start] if self._unit.may_expand(segment, self._macros) else []
        begins = self._unit.statements_of(segment.file).begins.get(segment.instruction, ())
        return [begin for begin in reversed(begins) if begin >= segment.start]

    def _run_statement(self, segment: Segment, start: int) -> tuple[int, Segment, bool]:
        """Expand a statement; returns where it ends, in which segment, and whether it was given up there."""
        of_unit = segment.file is self._unit.file
        known = self._unit.outcomes if of_unit else self._unit.inclusions.outcomes
        outcomes = known.setdefault((segment.file.path, start), [])
        lookup = self._macros.get
        for outcome in outcomes:
            if all(lookup(name) is macro for name, macro in outcome.used.items()):
                self.calls += outcome.calls
                self.problems += outcome.problems
                return outcome.end, segment, bool(outcome.problems)
        used = self._expander.used = {}
        self._statement = statement = _StatementText(segment, start, self._following)
        problems_before = len(self.problems)
        calls = self._expanded(statement)
        self.calls += calls
        if statement.segment is segment:
            problems = tuple(self.problems[problems_before:])
            outcomes.append(Outcome(used, tuple(calls), problems, statement.offset))
        return statement.offset, statement.segment, len(self.problems) > problems_before

    def _expanded(self, statement: _StatementText) -> list[SinkCall]:
        made: list[_OpenCall] = []
        self._calls_made = made
        open_call: _OpenCall | None = None
        depth = 0
        try:
            for token in self._expander.stream(statement):
                if token[:1] == _CALL_MARK:
                    open_call, depth = made[int(token[1:])], 0
                elif open_call is not None:
                    depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
                    if depth < 0 or (token == ";" and depth == 0):
                        statement.open_call = False
                        open_call = None
                    else:
                        open_call.trailing.append(token)
                elif token[:1] == BLUE and self._unit.leads_back(token[1:]):
                    raise EndlessExpansionError(f"the macro {token[1:]} expands to itself and never ends")
        except EndlessExpansionError as problem:
            raise PreprocessorError(Place(statement.file, line=statement.line), str(problem)) from None
        except ExpansionError as problem:
            self.problems.append(Problem(statement.file, statement.line, str(problem)))
        return [call.closed() for call in made]

    def _handle(self, sink: str, arguments: list[list[str]]) -> Sequence[str]:
        made, statement = self._calls_made, self._statement
        via = tuple(self._macros[name] for name in sorted(self._expander.active))
        made.append(_OpenCall(sink, arguments, statement.file, statement.line, statement.instruction, via))
        statement.open_call = True
        return (f"{_CALL_MARK}{len(made) - 1}",)

    # Builtin macros.

    def _next_counter(self) -> str:
        self._counter += 1
        return str(self._counter)

    def _line(self) -> str:
        return str(self._statement.line)

    def _file(self) -> str:
        return f'"{self._statement.file}"'


@dataclass(slots=True)
class _OpenCall:
    sink: str
    arguments: list[list[str]]
    file: str
    line: int
    instruction: int
    via: tuple[Macro, ...]
    trailing: list[str] = field(default_factory=list)

    def closed(self) -> SinkCall:
        arguments = tuple(tuple(a) for a in self.arguments)
        return SinkCall(self.sink, arguments, tuple(self.trailing), self.file, self.line, self.instruction, self.via)


class _StatementText:
    """The tokens of one statement as the expander asks for them.

    It ends after the first ``;``, ``{`` or ``}`` outside parentheses, or with its segment. Where a parenthesis or a
    call is still open there, the directives that follow are obeyed and it goes on in the next active text, as
    compilers do.
    """

    def __init__(self, segment: Segment, offset: int, following: Callable[[], Segment | None]) -> None:
        self.segment = segment
        self.offset = offset
        self.open_call = False
        self._following = following
        self._tokens = self._read()
        self._last = (segment.file, offset)
        self._outermost = self._last
        self._outermost_instruction = segment.instruction

    @property
    def file(self) -> str:
        """The file of the outermost macro call that is being expanded."""
        return self._outermost[0].path

    @property
    def line(self) -> int:
        """The line of the outermost macro call that is being expanded."""
        file, offset = self._outermost
        return file.line_at(offset)

    @property
    def instruction(self) -> int:
        """The directive of that file before the outermost macro call."""
        return self._outermost_instruction

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._tokens)

    def mark_outermost(self) -> None:
        """The last token read begins something at the outermost level."""
        self._outermost = self._last
        self._outermost_instruction = self.segment.instruction

    def _read(self) -> Iterator[str]:
        depth = 0
        while True:
            text, end = self.segment.file.text, self.segment.end
            while self.offset < end:
                match = token_at(text, self.offset)
                assert match is not None  # the pattern matches any character
                token = " " if match.lastgroup == "space" else match[0]
                self._last = (self.segment.file, self.offset)
                self.offset = match.end()
                if token == "(":
                    depth += 1
                elif token == ")":
                    depth -= 1
                yield token
                if depth <= 0 and token in (";", "{", "}"):
                    return
            following = self._following() if depth > 0 or self.open_call else None
            if following is None:
                return
            self.segment, self.offset = following, following.start
            yield " "
