"""The back office: products, categories, and their part in the partner program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.catalog import queries, service
from app.catalog.forms import CategoryForm, OptionsForm, ProductForm, offered
from app.catalog.models import Product
from app.errors import DomainError, NotFound
from app.events import queries as events
from app.money import Money
from app.partners import queries as partners
from app.programs.forms import shown
from app.site.access import requires
from app.site.lists import by_shop
from app.tenants import queries as tenants
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.catalog.models import Category

bp = Blueprint("catalog", __name__)
SWITCH = [("yes", _l("Yes")), ("no", _l("No"))]


def _switch(column: Any) -> Any:
    def apply(statement: Select[Any], value: str) -> Select[Any]:
        return statement.where(column.is_(value == "yes"))

    return apply


PRODUCTS = Table(
    name="products",
    caption=_l("Products"),
    key=Product.id,
    default="name",
    columns=(
        Column(
            "name",
            _l("Name"),
            render="name",
            sort=Product.name,
            main=True,
            href=lambda p: url_for("office.catalog.program", product_id=p.id),
        ),
        Column("external_id", _l("Id"), render="code", sort=Product.external_id),
        Column("price", _l("Price"), render="money", sort=Product.price, nullable=True, end=True),
        Column("takes_part", _l("Takes part"), render="yes"),
        Column("shown", _l("Shown"), render="yes"),
        Column("updated_at", _l("Changed"), render="ago", sort=Product.updated_at, quiet=True),
    ),
    filters=(
        Filter("takes_part", _l("Takes part"), SWITCH, _switch(Product.takes_part)),
        Filter("shown", _l("Shown"), SWITCH, _switch(Product.shown)),
    ),
    search=queries.matching,
    search_label=_l("Name or id"),
    empty=Empty(
        _l("No products yet"),
        _l("The shop sends its products by API, or you add them here."),
        icon="box",
        endpoint="office.catalog.new",
        act=_l("Add a product"),
    ),
)


@bp.get("/products/")
@requires("read")
def index() -> Response:
    found = by_shop(PRODUCTS, Product.shop_id).load(queries.listed())
    return page("catalog/office/index.html", "_table.html", products=found)


@bp.get("/products/new")
@requires("manage")
def new() -> Response:
    return _basics(None, offered(ProductForm(), tenants.shops()))


@bp.post("/products/new")
@requires("manage")
def create() -> Response:
    form = offered(ProductForm(), tenants.shops())
    if form.validate_on_submit():
        if queries.product(form.shop.data, form.external_id.data.strip()) is not None:
            form.complain("external_id", _("There is a product with this id."))
        elif product := _save(form, form.shop.data, form.external_id.data):
            words = _("The product is there. Say how it takes part.")
            return see_other("office.catalog.program", product_id=product.id, message=words)
    return _basics(None, form, 422)


@bp.get("/products/<int:product_id>")
@requires("manage")
def edit(product_id: int) -> Response:
    product = _product(product_id)
    category = queries.category_by_id(product.category_id) if product.category_id else None
    owner = f"product:{product.id}"
    cost, margin = queries.margins_of([owner])[owner]
    said = {
        "name": product.name,
        "category": category.external_id if category else "",
        "price": None if product.price is None else Money(product.price, g.tenant.currency),
        "brand": product.brand,
        "supplier": product.supplier,
        "url": product.url,
        "cost": None if cost is None else Money(cost, g.tenant.currency),
        "margin": margin or "",
    }
    return _basics(product, ProductForm(formdata=None, data=said).as_of_old())


@bp.post("/products/<int:product_id>")
@requires("manage")
def change(product_id: int) -> Response:
    product, form = _product(product_id), ProductForm().as_of_old()
    if form.validate_on_submit() and _save(form, product.shop_id, product.external_id):
        return see_other("office.catalog.edit", product_id=product.id, message=_("Saved."))
    return _basics(product, form, 422)


@bp.get("/products/<int:product_id>/program")
@requires("read")
def program(product_id: int) -> Response:
    product = _product(product_id)
    owner = f"product:{product.id}"
    said = {
        "takes_part": product.takes_part,
        "shown": product.shown,
        "promo": product.promo,
        "landing_pages": "\n".join(product.landing_pages),
        "levels": queries.levels_of([owner])[owner],
    }
    return _program(product, OptionsForm(formdata=None, data=said))


@bp.post("/products/<int:product_id>/program")
@requires("manage")
def change_program(product_id: int) -> Response:
    product, form = _product(product_id), OptionsForm()
    if not form.validate_on_submit():
        return _program(product, form, 422)
    try:
        service.put_product(
            product.shop_id,
            product.external_id,
            takes_part=form.takes_part.data,
            shown=form.shown.data,
            promo=form.promo.data,
            landing_pages=form.pages,
            levels=form.rates,
        )
    except DomainError as error:
        form.tell(error)
        return _program(product, form, 422)
    words = _("Saved: it holds for orders from now on.")
    return see_other("office.catalog.program", product_id=product.id, message=words)


@bp.get("/products/<int:product_id>/activity")
@requires("read")
def activity(product_id: int) -> Response:
    product = _product(product_id)
    happened = events.history(f"product:{product.id}")
    actors = partners.actor_names(event.actor for event in happened)
    return page("catalog/office/activity.html", product=product, events=happened, actors=actors)


@bp.get("/categories/")
@requires("read")
def categories() -> Response:
    found = queries.categories()
    levels = queries.levels_of(f"category:{c.id}" for c in found)
    rates = {owner: shown(said) for owner, said in levels.items()}
    return page("catalog/office/categories.html", categories=found, levels=rates)


@bp.get("/categories/new")
@requires("manage")
def new_category() -> Response:
    return _category_page(None, offered(CategoryForm(), tenants.shops()))


@bp.post("/categories/new")
@requires("manage")
def create_category() -> Response:
    form = offered(CategoryForm(), tenants.shops())
    if form.validate_on_submit():
        if queries.category(form.shop.data, form.external_id.data.strip()) is not None:
            form.complain("external_id", _("There is a category with this id."))
        elif _save_category(form, form.shop.data, form.external_id.data):
            return see_other("office.catalog.categories", message=_("The category is there."))
    return _category_page(None, form, 422)


@bp.get("/categories/<int:category_id>")
@requires("manage")
def edit_category(category_id: int) -> Response:
    category = _category(category_id)
    parent = queries.category_by_id(category.parent_id) if category.parent_id else None
    owner = f"category:{category.id}"
    said = {
        "name": category.name,
        "parent": parent.external_id if parent else "",
        "url": category.url or "",
        "margin": queries.margins_of([owner])[owner][1] or "",
        "levels": queries.levels_of([owner])[owner],
    }
    return _category_page(category, CategoryForm(formdata=None, data=said).as_of_old())


@bp.post("/categories/<int:category_id>")
@requires("manage")
def change_category(category_id: int) -> Response:
    category, form = _category(category_id), CategoryForm().as_of_old()
    if form.validate_on_submit() and _save_category(form, category.shop_id, category.external_id):
        return see_other("office.catalog.categories", message=_("Saved."))
    return _category_page(category, form, 422)


def _save(form: ProductForm, shop_id: int, external_id: str) -> Product | None:
    try:
        return service.put_product(
            shop_id,
            external_id,
            name=form.name.data,
            category=form.category.data or None,
            price=form.price.data.minor if form.price.data else None,
            cost=form.cost.data.minor if form.cost.data else None,
            margin=form.margin.data or None,
            brand=form.brand.data or None,
            supplier=form.supplier.data or None,
            url=form.url.data or None,
        )
    except DomainError as error:
        form.tell(error)
        return None


def _save_category(form: CategoryForm, shop_id: int, external_id: str) -> Category | None:
    try:
        return service.put_category(
            shop_id,
            external_id,
            name=form.name.data,
            parent=form.parent.data or None,
            margin=form.margin.data or None,
            url=form.url.data or None,
            levels=form.rates,
        )
    except DomainError as error:
        form.tell(error)
        return None


def _product(product_id: int) -> Product:
    found = queries.product_by_id(product_id)
    if found is None:
        raise NotFound
    return found


def _category(category_id: int) -> Category:
    found = queries.category_by_id(category_id)
    if found is None:
        raise NotFound
    return found


def _basics(product: Product | None, form: ProductForm, status: int = 200) -> Response:
    known = queries.categories()
    return page(
        "catalog/office/edit.html", status=status, product=product, form=form, categories=known
    )


def _program(product: Product, form: OptionsForm, status: int = 200) -> Response:
    shop = tenants.shop_by_id(product.shop_id)
    owner = f"product:{product.id}"
    return page(
        "catalog/office/program.html",
        status=status,
        product=product,
        form=form,
        shop=shop,
        levels=shown(queries.levels_of([owner])[owner]),
    )


def _category_page(category: Category | None, form: CategoryForm, status: int = 200) -> Response:
    known = queries.categories()
    return page(
        "catalog/office/category.html",
        status=status,
        category=category,
        form=form,
        categories=known,
    )
