"""Who and what the demo is made of: two merchants, their shelves and their partners."""

from __future__ import annotations

from dataclasses import dataclass

DAYS = 90  # of history before the demo was opened
RUB = "RUB"
ZONE = "Europe/Moscow"


@dataclass(frozen=True)
class Ware:
    """A product: its price in minor units; `levels` are rates of its own."""

    id: str
    name: str
    price: int
    levels: tuple[str | None, ...] = ()
    takes_part: bool = True
    shown: bool = True


@dataclass(frozen=True)
class Shelf:
    """A category with its products."""

    id: str
    name: str
    wares: tuple[Ware, ...]
    levels: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Actor:
    """A partner: who brought him, and how much of the visits and orders he brings."""

    name: str
    refcode: str
    weight: int
    sponsor: str | None = None
    codes: tuple[str, ...] = ()
    since: int = DAYS  # days before the opening
    group: bool = False
    blocked: int | None = None  # days before the opening
    account: str = ""
    tax: tuple[str, ...] = ()  # status, INN, KPP, OGRN; a person without numbers if nothing is said
    locale: str = "en"
    site: str | None = None
    links: tuple[str, ...] = ()  # products that he has links to


@dataclass(frozen=True)
class Play:
    """One merchant of the demo."""

    slug: str
    name: str
    locale: str
    owner: str
    levels: tuple[str, ...]
    group: tuple[str, tuple[str, ...]]
    settings: dict[str, int]
    shelves: tuple[Shelf, ...]
    actors: tuple[Actor, ...]
    applicant: str | None
    buyers: tuple[str, ...]
    orders: int
    visits: int
    prefix: str  # of order numbers
    words: dict[str, str]  # the shop's words for our states
    tools: str  # by whose words partners are furnished
    speaks: str = "api"  # or the kind of its connection

    @property
    def domain(self) -> str:
        """Where the shop stands."""
        return f"{self.slug}.example"

    def mail(self, name: str) -> str:
        """Return an address nobody has: example is reserved for that."""
        return f"{name.lower().replace(' ', '.')}@{self.domain}"


LAMPA = Play(
    slug="lampa",
    name="Lampa",
    locale="en",
    owner="Olga Svetlova",
    levels=("10%", "5%", "2%"),
    group=("Bloggers", ("12%",)),
    settings={},
    shelves=(
        Shelf(
            "table",
            "Table lamps",
            (
                Ware("t-anglepoise", "Desk lamp Anglepoise", 489000),
                Ware("t-banker", "Banker's lamp, green glass", 725000),
                Ware("t-clip", "Clip-on lamp Mini", 129000),
                Ware("t-night", "Night light Moon", 99000),
                Ware("t-ceramic", "Ceramic lamp Dune", 560000),
                Ware("t-reading", "Reading lamp Page", 345000, ("12%", "6%", "2%")),
            ),
        ),
        Shelf(
            "floor",
            "Floor lamps",
            (
                Ware("f-arc", "Arc floor lamp Nord", 1490000),
                Ware("f-tripod", "Tripod floor lamp Oak", 1190000),
                Ware("f-paper", "Paper lantern Kumo", 430000),
                Ware("f-torch", "Torchiere Line", 690000),
            ),
        ),
        Shelf(
            "ceiling",
            "Ceiling lights",
            (
                Ware("c-plafond", "Plafond Disk 40", 549000),
                Ware("c-track", "Track system, 3 spots", 890000),
                Ware("c-chandelier", "Chandelier Aurora", 2490000, ("500.00", "200.00")),
                Ware("c-spot", "Recessed spot, set of 5", 279000),
                Ware("c-kitchen", "Kitchen pendant Trio", 630000),
            ),
        ),
        Shelf(
            "bulbs",
            "Bulbs",
            (
                Ware("b-e27", "LED bulb E27, 9 W", 29000),
                Ware("b-e14", "LED bulb E14, candle", 24000),
                Ware("b-filament", "Filament bulb Edison", 59000),
                Ware("b-set", "LED bulbs E27, box of 10", 249000),
            ),
            ("4%", "2%"),
        ),
        Shelf(
            "smart",
            "Smart light",
            (
                Ware("s-hub", "Hub for smart light", 399000),
                Ware("s-strip", "LED strip, 5 m, RGB", 219000),
                Ware("s-bulb", "Smart bulb, colour", 149000),
                Ware("s-dimmer", "Wireless dimmer", 189000, ("15%", "5%")),
                Ware("s-gift", "Gift card", 300000, takes_part=False, shown=False),
            ),
        ),
    ),
    actors=(
        Actor("Marina Orlova", "marina", 30, codes=("MARINA10",), group=True,
              account="4081 7810 0000 0123 4567", site="https://svet-v-dome.example",
              links=("t-anglepoise", "f-arc", "s-strip")),
        Actor("Pavel Kim", "pavel", 20, "marina", ("PAVEL7",), since=84,
              account="4081 7810 0000 0765 4321", links=("c-track",)),
        Actor("Sofia Lind", "sofia", 15, "pavel", ("SOFIA5",), since=75,
              account="4081 7810 0000 0999 1111",
              tax=("self_employed", "000000000184"), site="https://nordic-rooms.example"),
        Actor("Timur Aliev", "timur", 8, "sofia", since=60, account="4081 7810 0000 0222 3333"),
        Actor("Designers' Club", "club", 13, codes=("CLUB15",), since=82,
              account="4070 2810 0000 0555 6666",
              tax=("company", "0000000032", "000001001", "1000000000021"), links=("c-chandelier", "t-banker")),
        Actor("Yana Petrova", "yana", 6, "club", since=50, account="4081 7810 0000 0444 8888"),
        Actor("Coupon Hunter", "hunter", 8, "club", ("LIGHT7",), since=70, blocked=24),
    ),
    applicant="Kira Belova",
    buyers=(
        "Alexey Smirnov", "Daria Ivanova", "Nikolay Volkov", "Elena Kuznetsova", "Maxim Popov",
        "Irina Sokolova", "Artem Lebedev", "Olga Kozlova", "Sergey Novikov", "Anna-Maria Weber",
        "Polina Morozova", "Denis Pavlov", "Ksenia Fedorova", "Ilya Mikhailov", "Vera Andreeva",
        "John Carter", "Lyudmila Zaitseva", "Roman Semyonov", "Alisa Golubeva", "Kirill Vinogradov",
    ),
    orders=255,
    visits=4200,
    prefix="L",
    words={"registered": "new", "agreed": "paid", "completed": "completed",
           "cancelled": "cancelled", "refunded": "refunded"},
    tools="lampa",
)  # fmt: skip

KNIGA = Play(
    slug="kniga",
    name="Книга",
    locale="ru",
    owner="Пётр Страницын",
    levels=("8%", "3%", "1%", "1%"),
    group=("Школы и клубы", ("9%", "3%")),
    settings={"hold_days": 7, "minimum_payout": 50000},
    shelves=(
        Shelf(
            "fiction",
            "Художественная литература",
            (
                Ware("101", "Сборник рассказов «Северный свет»", 79000),
                Ware("102", "Роман «Дом у реки»", 64000),
                Ware("103", "Антология фантастики, 2 тома", 149000),
                Ware("104", "Поэзия: избранное", 52000),
                Ware("105", "Детектив «Пятый ключ»", 58000),
            ),
        ),
        Shelf(
            "children",
            "Детям",
            (
                Ware("201", "Азбука в картинках", 69000),
                Ware("202", "Сказки на ночь", 74000, ("12%", "4%")),
                Ware("203", "Энциклопедия юного астронома", 129000),
                Ware("204", "Раскраска «Лес»", 29000),
            ),
            ("10%", "3%"),
        ),
        Shelf(
            "study",
            "Учебники",
            (
                Ware("301", "Английский с нуля, комплект", 189000),
                Ware("302", "Сборник задач по математике", 47000),
                Ware("303", "Python: первые шаги", 158000, ("100.00",)),
                Ware("304", "Атлас мира", 210000),
            ),
            ("5%",),
        ),
        Shelf(
            "gifts",
            "Подарки",
            (
                Ware("401", "Закладки, набор", 19000),
                Ware("402", "Настольная игра «Сюжет»", 139000),
                Ware("403", "Подарочный сертификат", 200000, takes_part=False, shown=False),
            ),
        ),
    ),
    actors=(
        Actor("Лев Читалин", "lev", 34, codes=("ЛЕВ",), account="4081 7810 0000 0707 0707",
              locale="ru", site="https://chitalin.example", links=("103", "303")),
        Actor("Книжный клуб «Форзац»", "forzac", 30, "lev", ("FORZAC5",), since=86, group=True,
              account="4070 2810 0000 0808 0808",
              tax=("company", "0000000040", "000001001", "1000000000032"), locale="ru"),
        Actor("Нина Алексеева", "nina", 22, "forzac", since=70,
              account="4081 7810 0000 0909 0909", locale="ru", links=("202",)),
        Actor("Олег Маркин", "oleg", 14, "nina", since=45, account="4081 7810 0000 0101 0101",
              locale="ru"),
    ),
    applicant=None,
    buyers=(
        "Мария Белова", "Иван Тихонов", "Светлана Юдина", "Олеся Громова", "Пётр Дорохов",
        "Анастасия Ким", "Григорий Лапин", "Татьяна Осипова", "Юлия Сафонова", "Степан Рыбаков",
        "Елизавета Чернова", "Виктор Щукин",
    ),
    orders=145,
    visits=1900,
    prefix="",
    words={"registered": "pending", "agreed": "processing", "completed": "completed",
           "cancelled": "cancelled", "refunded": "refunded"},
    tools="kniga",
    speaks="woocommerce",
)  # fmt: skip

PLAYS = (LAMPA, KNIGA)
