"""Effects as one would say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.profiles.rules.effects import CHANNELS, EFFECTS
from app.profiles.rules.values import day, rate
from app.profiles.rules.words import N_

if TYPE_CHECKING:
    from fractions import Fraction

    from app.profiles.rules.shape import Effect
    from app.profiles.rules.words import Words

Condition = Callable[..., str]


def giving(effect: Effect, words: Words, condition: Condition, event: str = "") -> str:
    """Return what an effect does as a clause: "give 5% for a paid order, counting only goods …"."""
    said = " ".join(filter(None, (_SAID[effect.do](effect.args, words), event)))
    lines, when = effect.args.get("lines"), effect.args.get("when")
    if lines is not None:
        what = condition(lines, words, inside=True)
        said += ", " + words.gettext("counting only: %(what)s", what=what)
    if when is not None:
        what = condition(when, words, inside=True)
        said += ", " + words.gettext("only if %(what)s", what=what)
    return said + _times(effect.args, words)


def percent_text(part: Fraction, words: Words) -> str:
    """Return 5% for 1/20, and what percents do not say in few decimals as a fraction."""
    percents = part * 100
    scaled = percents * 10_000
    if scaled.denominator != 1:
        return f"{part.numerator}/{part.denominator}"
    whole, rest = divmod(int(scaled), 10_000)
    decimals = f"{rest:04}".rstrip("0")
    plain = f"{whole}.{decimals}" if decimals else str(whole)
    return words.gettext("%(number)s%%", number=words.number(plain))


def _times(args: Mapping[str, Any], words: Words) -> str:
    said = ""
    delay, expires = args.get("delay"), args.get("expires")
    if delay and delay.get("days"):
        said += ", " + words.ngettext(
            "usable after %(num)s day", "usable after %(num)s days", delay["days"]
        )
    if delay and "until" in delay:
        paid = delay["until"] == "paid"
        said += ", "
        said += (
            words.gettext("usable when paid") if paid else words.gettext("usable when completed")
        )
    if not expires:
        return said
    said += ", "
    if "days" in expires:
        return said + words.ngettext("for %(num)s day", "for %(num)s days", expires["days"])
    if "on" in expires:
        return said + words.gettext("until %(day)s", day=words.day(day(expires["on"])))
    return said + words.gettext("until the end of the month")


def _fixed(args: Mapping[str, Any], words: Words) -> str:
    return words.gettext("give %(sum)s bonuses", sum=words.money(args["points"]))


def _percent(args: Mapping[str, Any], words: Words) -> str:
    part = percent_text(rate(args["rate"]), words)
    return words.gettext("give %(percent)s", percent=part)


def _per_amount(args: Mapping[str, Any], words: Words) -> str:
    points, per = words.money(args["points"]), words.money(args["per"])
    return words.gettext("give %(sum)s bonuses for each full %(per)s", sum=points, per=per)


def _multiply(args: Mapping[str, Any], words: Words) -> str:
    times = rate(args["by"])
    number = str(times.numerator) if times.denominator == 1 else str(times)
    said = words.gettext("give %(times)s times the bonuses of the order", times=number)
    if "cap" not in args:
        return said
    most = words.gettext("at most %(sum)s more", sum=words.money(args["cap"]))
    return f"{said} ({most})"


def _chain(args: Mapping[str, Any], words: Words) -> str:
    parts = [_level(each, words) for each in args["levels"]]
    said = words.gettext("pay up the chain %(levels)s", levels=", ".join(parts))
    if "tail" in args:
        part = percent_text(rate(args["tail"]["ratio"]), words)
        said += ", " + words.gettext("then each level %(part)s of the one below", part=part)
    if args.get("compress"):
        said += ", " + words.gettext("passing over inactive referrers")
    if "budget" in args:
        said += ", " + words.gettext("at most %(sum)s in all", sum=words.money(args["budget"]))
    return said


def _level(level: Any, words: Words) -> str:
    if isinstance(level, str):
        return percent_text(rate(level), words)
    if "points" in level:
        return words.money(level["points"])
    return percent_text(rate(level["rate"]), words)


def _owner(args: Mapping[str, Any], words: Words) -> str:
    part = percent_text(rate(args["rate"]), words)
    return words.gettext("pay the rights holder %(percent)s", percent=part)


def _spend(args: Mapping[str, Any], words: Words) -> str:
    parts = []
    if "percent" in args:
        part = words.gettext("%(number)s%%", number=words.number(args["percent"]))
        parts.append(words.gettext("up to %(percent)s of the order", percent=part))
    for name, each in args.get("categories", {}).items():
        part = words.gettext("%(number)s%%", number=words.number(each))
        parts.append(
            words.gettext("up to %(percent)s of %(category)s", percent=part, category=name)
        )
    if "step" in args:
        parts.append(words.gettext("in steps of %(sum)s", sum=words.money(args["step"])))
    if "minimum_cash" in args:
        least = words.money(args["minimum_cash"])
        parts.append(words.gettext("at least %(sum)s in money", sum=least))
    return words.gettext("let bonuses pay %(how)s", how=", ".join(parts))


def _withdraw(args: Mapping[str, Any], words: Words) -> str:
    parts = []
    if "minimum" in args:
        parts.append(words.gettext("from %(sum)s", sum=words.money(args["minimum"])))
    if "fee" in args:
        part = percent_text(rate(args["fee"]), words)
        parts.append(words.gettext("fee %(percent)s", percent=part))
    if "hold_days" in args:
        parts.append(
            words.ngettext("held for %(num)s day", "held for %(num)s days", args["hold_days"])
        )
    return words.gettext("let bonuses be withdrawn %(how)s", how=", ".join(parts))


_TO = {
    "member": N_("write to the customer %(how)s"),
    "referrer": N_("write to the referrer %(how)s"),
    "owner": N_("write to the rights holder %(how)s"),
    "staff": N_("write to staff %(how)s"),
}


def _notify(args: Mapping[str, Any], words: Words) -> str:
    how = dict(CHANNELS)[args["channel"]]
    return words.gettext(_TO[args.get("to", "member")], how=words.gettext(how))


def _plain(do: str) -> Callable[[Mapping[str, Any], Words], str]:
    """Say the label of the effect and what it is told."""

    def said(args: Mapping[str, Any], words: Words) -> str:
        spec = EFFECTS[do]
        label = words.gettext(spec.label)
        parts = []
        for arg in spec.args:
            if arg.name in args:
                named = dict(arg.options).get(args[arg.name])
                word = (
                    words.gettext(named) if named else words.called(arg.name, str(args[arg.name]))
                )
                parts.append(word)
        text = label[:1].lower() + label[1:]
        return f"{text}: {', '.join(parts)}" if parts else text

    return said


_SAID: dict[str, Callable[[Mapping[str, Any], Words], str]] = {
    **{do: _plain(do) for do in EFFECTS},
    "earn.fixed": _fixed,
    "earn.percent": _percent,
    "earn.per_amount": _per_amount,
    "earn.multiply": _multiply,
    "chain.pay": _chain,
    "owner.pay": _owner,
    "notify": _notify,
    "coupon.issue": lambda _args, words: words.gettext("give a coupon of one's own"),
    "spend.limit": _spend,
    "withdraw.rule": _withdraw,
}
