"""Pages of the own account, of units and their people, of invitations, and of the log."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows import login as login_flow
from allauth.account.models import Login
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView

from accounts.forms import (
    AccountForm,
    ApiTokenForm,
    ChildUnitForm,
    CloseUnitForm,
    InvitationForm,
    JoinForm,
    UnitForm,
)
from accounts.invitations import invitation_of, invitation_url
from accounts.models import ApiToken, Invitation, Membership, Role, Unit, User
from accounts.pages import ManagePage
from accounts.queries import audit_page, unit_rows
from accounts.rules import (
    MANAGES_MEMBERS,
    SEES_AUDIT,
    SEES_FIGURES,
    may_manage_members,
    unit_ids,
)
from accounts.services import (
    AccountsRefused,
    accept_invitation,
    add_unit,
    change_account,
    close_unit,
    invite,
    remove_role,
    rename_unit,
    reopen_unit,
    withdraw_invitation,
)
from accounts.tokens import issue_token, revoke_token
from backend.limits import hit
from backend.proxies import limit_key

# --- The own account --------------------------------------------------------------------


class AccountPage(ManagePage, FormView):  # type: ignore[type-arg]
    """Name and language, and the ways to password, second factor, sessions and tokens."""

    section = "account"
    form_class = AccountForm
    template_name = "accounts/user_account.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"instance": User.objects.get(pk=self.user.pk)}

    def form_valid(self, form: AccountForm) -> HttpResponse:
        change_account(
            user=User.objects.get(pk=self.user.pk),
            name=form.cleaned_data["name"],
            language=form.cleaned_data["language"],
            now=self.now,
        )
        messages.success(self.request, _("Saved."))
        return redirect("account")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        roles = Membership.objects.filter(user=self.user).select_related("unit").order_by("pk")
        return super().get_context_data(roles=roles, **kwargs)


class ApiTokenListPage(ManagePage, FormView):  # type: ignore[type-arg]
    """Tokens with which programs act as the user; a new one is shown in this answer alone."""

    section = "account"
    form_class = ApiTokenForm
    template_name = "accounts/apitoken_list.html"

    def form_valid(self, form: ApiTokenForm) -> HttpResponse:
        _token, secret = issue_token(
            user=self.user, name=form.cleaned_data["name"], by=self.user, now=self.now
        )
        return self.render_to_response(self.get_context_data(form=ApiTokenForm(), secret=secret))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tokens = ApiToken.objects.filter(user=self.user).order_by("-pk")
        return super().get_context_data(tokens=tokens, **kwargs)


class RevokeApiToken(ManagePage):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        token = get_object_or_404(ApiToken, pk=pk, user=self.user)
        revoke_token(token=token, by=self.user, now=self.now)
        messages.success(request, _("The token opens nothing any more."))
        return redirect("api_tokens")


# --- Units ------------------------------------------------------------------------------


class UnitListPage(ManagePage, TemplateView):
    """The tree of units as far as the user's roles reach."""

    section = "units"
    template_name = "accounts/unit_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = unit_rows(self.user, SEES_FIGURES, on=timezone.localdate(self.now))
        return super().get_context_data(rows=rows, **kwargs)


class UnitPage(ManagePage, TemplateView):
    """One unit: who acts for it, what lies below it; its owners change both here."""

    section = "units"
    template_name = "accounts/unit_detail.html"
    roles: tuple[str, ...] = SEES_FIGURES
    unit: Unit

    def load(self) -> None:
        seen = Unit.objects.filter(pk__in=unit_ids(self.user, self.roles))
        self.unit = get_object_or_404(seen, slug=self.kwargs["slug"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_owner = may_manage_members(self.user, self.unit.pk)
        parent = Unit.objects.filter(
            pk=self.unit.parent_id, pk__in=unit_ids(self.user, SEES_FIGURES)
        ).first()
        invitations = Invitation.objects.filter(
            unit=self.unit,
            used_at__isnull=True,
            withdrawn_at__isnull=True,
            expires_at__gt=self.now,
        )
        today = timezone.localdate(self.now)
        context: dict[str, Any] = {
            "unit": self.unit,
            "parent": parent,
            "is_owner": is_owner,
            "is_closed": self.unit.until_on is not None and self.unit.until_on <= today,
            "members": Membership.objects.filter(unit=self.unit)
            .select_related("user")
            .order_by("role", "user__name"),
            "invitations": invitations.order_by("pk") if is_owner else (),
            "children": Unit.objects.filter(parent=self.unit).order_by("name_search"),
            "drives": self.unit.drives.order_by("-starts_at")[:20],
        }
        if is_owner:
            context |= {
                "invitation_form": InvitationForm(prefix="invite"),
                "rename_form": UnitForm(initial={"name": self.unit.name}, prefix="rename"),
                "child_form": ChildUnitForm(prefix="add"),
                "close_form": CloseUnitForm(initial={"on": today}, prefix="close"),
            }
        return super().get_context_data(**(context | kwargs))


class OwnedUnitPage(UnitPage):
    """A change to a unit by its owner. A refusal is the unit's page again, with what was typed."""

    roles = MANAGES_MEMBERS
    http_method_names = ["post"]

    def back(self, sentence: str) -> HttpResponse:
        messages.success(self.request, sentence)
        return redirect("unit", slug=self.unit.slug)

    def refused(self, **context: Any) -> HttpResponse:
        response = self.render_to_response(self.get_context_data(**context))
        response.status_code = 400
        return response


class InvitePage(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        form = InvitationForm(request.POST, prefix="invite")
        if not form.is_valid():
            return self.refused(invitation_form=form, form=form)
        try:
            made = invite(
                unit=self.unit,
                role=Role(form.cleaned_data["role"]),
                email=form.cleaned_data["email"],
                by=self.user,
                now=self.now,
            )
        except AccountsRefused as refusal:
            form.add_error("email", str(refusal))
            return self.refused(invitation_form=form, form=form)
        # The link is shown in this answer alone; afterwards only its hash is left.
        return self.render_to_response(
            self.get_context_data(made=made.invitation, link=invitation_url(made.token), form=None)
        )


class WithdrawInvitation(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str, pk: int) -> HttpResponse:
        invitation = get_object_or_404(Invitation, pk=pk, unit=self.unit)
        withdraw_invitation(invitation=invitation, by=self.user, now=self.now)
        return self.back(_("The link opens nothing any more."))


class RemoveRole(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str, pk: int) -> HttpResponse:
        membership = get_object_or_404(Membership, pk=pk, unit=self.unit)
        try:
            remove_role(membership=membership, by=self.user, now=self.now)
        except AccountsRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("unit", slug=self.unit.slug)
        if membership.user_id == self.user.pk:
            return redirect("units")
        return self.back(_("The role was taken away."))


class AddUnit(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        form = ChildUnitForm(request.POST, prefix="add")
        if form.is_valid():
            try:
                unit = add_unit(
                    name=form.cleaned_data["name"], parent=self.unit, by=self.user, now=self.now
                )
            except AccountsRefused as refusal:
                form.add_error("name", str(refusal))
            else:
                messages.success(request, _("Added: %(name)s") % {"name": unit.name})
                return redirect("unit", slug=self.unit.slug)
        return self.refused(child_form=form, form=form)


class RenameUnit(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        form = UnitForm(request.POST, prefix="rename")
        if not form.is_valid():
            return self.refused(rename_form=form, form=form)
        rename_unit(unit=self.unit, name=form.cleaned_data["name"], by=self.user, now=self.now)
        return self.back(_("Saved."))


class CloseUnit(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        form = CloseUnitForm(request.POST, prefix="close")
        if form.is_valid():
            try:
                close_unit(unit=self.unit, on=form.cleaned_data["on"], by=self.user, now=self.now)
            except AccountsRefused as refusal:
                form.add_error("on", str(refusal))
            else:
                return self.back(_("The unit was closed."))
        return self.refused(close_form=form, form=form)


class ReopenUnit(OwnedUnitPage):
    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        reopen_unit(unit=self.unit, by=self.user, now=self.now)
        return self.back(_("The unit is open again."))


# --- The log ----------------------------------------------------------------------------


class AuditPage(ManagePage, TemplateView):
    """Who looked at, exported or changed what, newest first; ids only."""

    section = "audit"
    template_name = "accounts/auditentry_list.html"

    def load(self) -> None:
        self.units = unit_ids(self.user, SEES_AUDIT)
        if not self.units:
            raise Http404

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = audit_page(
            self.units,
            action=self.request.GET.get("action", ""),
            before=self.request.GET.get("before", ""),
        )
        return super().get_context_data(page=page, **kwargs)


# --- Invitations ------------------------------------------------------------------------


class JoinPage(FormView):  # type: ignore[type-arg]
    """Take the role that a one-use link offers. Opening it changes nothing."""

    form_class = JoinForm
    template_name = "accounts/invitation_join.html"
    invitation: Invitation | None

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.now = timezone.now()
        self.invitation = invitation_of(kwargs["token"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = (
            super().dispatch(request, *args, **kwargs)
            if self.trouble() == ""
            else self.render_to_response({"trouble": self.trouble()}, status=self._status())
        )
        if self.invitation is None and (wait := hit("MISSES", limit_key(request))) is not None:
            response.status_code = 429
            response["Retry-After"] = str(wait)
        response["Cache-Control"] = "no-store"
        # The link leaves for no other site. "no-referrer" would make the browser send the form
        # with "Origin: null", which the check of its origin rightly refuses.
        response["Referrer-Policy"] = "same-origin"
        return response

    def trouble(self) -> str:
        """Return why the link cannot be taken: unknown, used or expired; ``""`` if it can."""
        if self.invitation is None:
            return "unknown"
        if self.invitation.used_at or self.invitation.withdrawn_at:
            return "used"
        return "expired" if self.now >= self.invitation.expires_at else ""

    def _status(self) -> int:
        return 404 if self.invitation is None else 410

    def account(self) -> str:
        """Return who takes it: ``new``, ``signed_in``, or ``sign_in`` where that comes first."""
        assert self.invitation is not None
        if isinstance(self.request.user, User):
            mine = self.request.user.email == self.invitation.email
            return "signed_in" if mine else "sign_in"
        known = User.objects.filter(email=self.invitation.email).exists()
        return "sign_in" if known else "new"

    def get_form_kwargs(self) -> dict[str, Any]:
        assert self.invitation is not None
        return super().get_form_kwargs() | {"email": self.invitation.email}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            invitation=self.invitation, account=self.account(), **kwargs
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert self.invitation is not None
        match self.account():
            case "new":
                return super().post(request, *args, **kwargs)
            case "signed_in":
                assert isinstance(request.user, User)
                try:
                    accept_invitation(invitation=self.invitation, user=request.user, now=self.now)
                except AccountsRefused as refusal:
                    messages.error(request, str(refusal))
                return redirect("/manage/")
        return redirect(f"{reverse('account_login')}?next={request.path}")

    def form_valid(self, form: JoinForm) -> HttpResponse:
        assert self.invitation is not None
        try:
            user = accept_invitation(
                invitation=self.invitation,
                user=None,
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password"],
                language=(get_language() or "vi")[:2],
                now=self.now,
            )
        except AccountsRefused as refusal:
            form.add_error(None, str(refusal))
            return self.form_invalid(form)
        login = Login(user=user, email=user.email, redirect_url="/manage/")
        response: HttpResponse = login_flow.perform_password_login(
            self.request, {"email": user.email}, login
        )
        return response

    def form_invalid(self, form: JoinForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)
