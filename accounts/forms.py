"""Forms of signing in, of one's own account, and of units and the people who act for them."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Role, User
from backend.formats import DAY_INPUT
from backend.text import one_line

PASSWORD_HINT = _("10 characters or more, not a common word.")


def _face(field: forms.Field, label: Any, hint: Any = "", **attrs: str) -> None:
    """Give one of allauth's fields our label and hint, and no placeholder."""
    field.label = label
    field.help_text = hint
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attrs)


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["login"], _("E-mail"), autocomplete="username")
        _face(self.fields["password"], _("Password"))


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["email"], _("E-mail"))


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["password1"], _("New password"), PASSWORD_HINT)
        _face(self.fields["password2"], _("The same again"))


class ChangePasswordForm(allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["oldpassword"], _("Present password"))
        _face(self.fields["password1"], _("New password"), PASSWORD_HINT)
        _face(self.fields["password2"], _("The same again"))


class ReauthenticatePasswordForm(allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["password"], _("Password"))


_CODE = {"inputmode": "numeric", "autocomplete": "one-time-code"}


class SecondFactorForm(mfa_forms.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint = _("Six digits from the app, or one of the recovery codes.")
        _face(self.fields["code"], _("Code"), hint, autocomplete="one-time-code")


class SecondFactorAgainForm(mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["code"], _("Code from the app"), autocomplete="one-time-code")


class ActivateTOTPForm(totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _face(self.fields["code"], _("The six digits that the app shows"), **_CODE)


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Shape only; ``change_account`` writes."""

    class Meta:
        model = User
        fields = ("name", "language")
        labels = {"name": _("Name"), "language": _("Language of mails to me")}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "language": forms.RadioSelect(choices=[("vi", "Tiếng Việt"), ("en", "English")]),
        }

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])


class ApiTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ApiToken
        fields = ("name",)
        labels = {"name": _("What it is for")}


class UnitForm(forms.Form):
    name = forms.CharField(label=_("Name of the unit"), max_length=200)

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])


class ChildUnitForm(UnitForm):
    name = forms.CharField(
        label=_("Name of the new unit"),
        max_length=200,
        help_text=_("As people know it, for example “Cục Công nghiệp”."),
    )


class CloseUnitForm(forms.Form):
    on = forms.DateField(
        label=_("Closed from"),
        help_text=_("From this day on nobody can choose it. What it did stays."),
        input_formats=DAY_INPUT,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


ROLE_HINTS = {
    Role.OWNER: _("Owner: everything, people and units too"),
    Role.ORGANIZER: _("Organizer: drives, registrations, devices, messages"),
    Role.SECRETARY: _(
        "Unit secretary: registers the people of this unit and sees who is registered"
    ),
    Role.SUPERVISOR: _("Supervisor: reads figures and the log, changes nothing"),
}


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=list(ROLE_HINTS.items()), widget=forms.RadioSelect
    )


class JoinForm(forms.Form):
    """What somebody types who takes an invitation and has no account yet."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=PASSWORD_HINT,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if password := data.get("password"):
            somebody = User(email=self.email, name=data.get("name", ""))
            try:
                validate_password(password, somebody)
            except ValidationError as error:
                self.add_error("password", error)
        return data
