"""The kit: every component in every state, and each page's layout with made-up people.

Only with ``DEBUG=1`` and in tests. Who writes a page looks here first; tests check every page.
"""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.urls import path
from django.utils.safestring import mark_safe

from backend.templatetags import looks

LONGEST_NAME = "Nguyễn Hoàng Phương Thảo Nguyên"
LONGEST_UNIT = "Công ty TNHH MTV Vận hành hệ thống điện và thị trường điện Quốc gia"
UNITS = [
    LONGEST_UNIT,
    "Cục Công nghiệp",
    "Cục Thương mại điện tử và Kinh tế số",
    "Cục Xuất nhập khẩu",
    "Trường Đại học Công nghiệp Hà Nội",
    "Trường Đại học Điện lực",
    "Trường Đại học Kinh tế – Kỹ thuật Công nghiệp",
    "Viện Năng lượng",
]


# code, class, shape, word, name, details, number, strip, buttons (the last is the main one)
VERDICTS = {
    "accepted": (
        "go",
        "done",
        "Mời vào",
        LONGEST_NAME,
        ["08:30, đúng giờ", LONGEST_UNIT],
        ("Số", "63"),
        "",
        ["Hoàn tác (còn 8 giây)"],
    ),
    "already_scanned": (
        "look",
        "twice",
        "Vé đã quét",
        "Đặng Thị Mỹ Duyên",
        ["08:26, cách đây 5 phút", "tại Máy 1, Bàn đón tiếp", "Người này đã có số 61."],
        None,
        "",
        ["Không phải người này", "Quét tiếp"],
    ),
    "wrong_day": (
        "stop",
        "refused",
        "Vé của ngày khác",
        "Hôm nay không phải ngày trên vé",
        ["Hôm nay là 05/12. Muốn hiến hôm nay, mời anh/chị đăng ký tại chỗ."],
        None,
        "",
        ["Đăng ký tại chỗ", "Quét tiếp"],
    ),
    "malformed": (
        "stop",
        "refused",
        "Mã không hợp lệ",
        "Không phải vé của hệ thống",
        ["Không cho vào bằng mã này. Tìm theo tên hoặc 4 số cuối điện thoại."],
        None,
        "Mất mạng. Chờ gửi 5 lượt",
        ["Tìm theo tên", "Quét tiếp"],
    ),
    "too_early": (
        "look",
        "look",
        "Đến sớm 55 phút",
        "Phạm Gia Bảo",
        ["Hẹn 09:30, bây giờ 08:35", "Cục Công nghiệp"],
        None,
        "",
        ["Mời chờ đến 09:30", "Cho vào luôn"],
    ),
    "waitlisted": (
        "look",
        "waiting",
        "Đang ở danh sách chờ",
        "Bùi Thị Kim Oanh",
        ["Khung 07:00, đứng số 1"],
        None,
        "",
        ["Đăng ký tại chỗ", "Quét tiếp"],
    ),
    "offline": (
        "go",
        "done",
        "Mời vào",
        "Lò Văn Pành",
        ["08:30, đúng giờ", "Trường Đại học Công nghiệp Hà Nội"],
        ("Số tạm", "M2-08"),
        "Mất mạng. Chờ gửi 5 lượt",
        ["Hoàn tác (còn 8 giây)"],
    ),
}


class DetailsForm(forms.Form):
    full_name = forms.CharField(label="Họ và tên", help_text="Như trên căn cước")
    phone = forms.CharField(
        label="Số điện thoại di động",
        help_text="Để gửi vé và nhắc hẹn",
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    birth_year = forms.IntegerField(
        label="Năm sinh",
        help_text="Đủ 18 tuổi vào ngày hiến",
        widget=forms.TextInput(attrs={"class": "input-year", "inputmode": "numeric"}),
    )
    email = forms.EmailField(label="Email", help_text="Để nhận vé và lời nhắc", required=False)
    unit = forms.ChoiceField(
        label="Đơn vị",
        help_text="Gõ vài chữ để tìm",
        choices=[("", ""), *((name, name) for name in UNITS)],
        widget=forms.Select(attrs={"data-picker": True}),
        initial=LONGEST_UNIT,
    )

    def clean_phone(self) -> str:
        if len(self.cleaned_data["phone"].replace(" ", "")) < 10:
            raise forms.ValidationError("Nhập đủ 10 số, ví dụ 0912 345 678.")
        return str(self.cleaned_data["phone"])


class EveryWidgetForm(forms.Form):
    text = forms.CharField(label="Một dòng")
    note = forms.CharField(label="Nhiều dòng", widget=forms.Textarea, required=False)
    on = forms.DateField(label="Ngày", widget=forms.DateInput(attrs={"type": "date"}))
    at = forms.TimeField(
        label="Giờ", widget=forms.TimeInput(attrs={"type": "time", "class": "input-short"})
    )
    file = forms.FileField(label="Tệp Excel", help_text="Tệp .xlsx, không quá 5 MB")
    one = forms.ChoiceField(
        label="Chọn một",
        choices=[("a", "Buổi sáng"), ("b", "Buổi chiều")],
        widget=forms.RadioSelect,
    )
    several = forms.MultipleChoiceField(
        label="Chọn nhiều",
        choices=[("welcome", "Đón tiếp"), ("identity", "Giấy tờ")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    sure = forms.BooleanField(label="Tôi hiểu", help_text="Máy sẽ mất quyền quét ngay.")


def _qr(text: str) -> str:
    import qrcode
    from qrcode.image.svg import SvgPathImage

    code = qrcode.QRCode(border=4, box_size=10, image_factory=SvgPathImage)
    code.add_data(text)
    code.make(fit=True)
    side = (code.modules_count + 8) * 5
    paths = "".join(
        f"M{x + 4} {y + 4}h1v1h-1z"
        for y, row in enumerate(code.modules)
        for x, dark in enumerate(row)
        if dark
    )
    return mark_safe(  # noqa: S308  (made of numbers)
        f'<svg viewBox="0 0 {side // 5} {side // 5}" width="{side}" height="{side}" role="img"'
        f' aria-label="Mã QR"><path d="{paths}"/></svg>'
    )


def context() -> dict[str, Any]:
    wrong = DetailsForm({"full_name": LONGEST_NAME, "phone": "0912 000 48", "birth_year": "1997"})
    wrong.is_valid()
    broken = EveryWidgetForm({})
    broken.is_valid()
    return {
        "name": LONGEST_NAME,
        "long_unit": LONGEST_UNIT,
        "wrong_form": wrong,
        "details_form": DetailsForm(
            initial={"full_name": LONGEST_NAME, "phone": "0912 000 483", "birth_year": 1997}
        ),
        "every_form": EveryWidgetForm(),
        "broken_form": broken,
        "badges": [
            ("done", "Đã đến"),
            ("look", "Đến sớm"),
            ("refused", "Không hợp lệ"),
            ("unsent", "Chờ gửi 4"),
            ("waiting", "Danh sách chờ"),
            ("deferred", "Tạm hoãn"),
            ("neutral", "Đã đăng ký"),
            ("gave-up", "Đã nhường"),
            ("twice", "Vé đã quét"),
        ],
        "hours": [("07 giờ", 4, 60), ("08 giờ", 23, 60), ("09 giờ", 31, 60), ("10 giờ", 28, 60)],
        "slot_hours": [
            ("07:00", 4, [("07:00", 0, 6), ("07:30", 4, 0)]),
            ("08:00", 23, [("08:00", 9, 0), ("08:30", 14, 0)]),
            ("09:00", 31, [("09:00", 12, 0), ("09:30", 19, 0)]),
            ("10:00", 28, [("10:00", 16, 0), ("10:30", 12, 0)]),
        ],
        "upcoming": [
            (
                "05/12",
                "Thứ Bảy",
                "Giọt hồng Công Thương",
                "Hội trường Bộ Công Thương, Hà Nội",
                "done",
                "Còn 86 chỗ",
            ),
            (
                "20/12",
                "Chủ nhật",
                "Giọt hồng người thợ điện",
                LONGEST_UNIT,
                "waiting",
                "Hết chỗ, 9 người chờ",
            ),
            (
                "07/04",
                "Thứ Tư",
                "Ngày toàn dân hiến máu",
                "Trường Đại học Công nghiệp Hà Nội, cơ sở 1",
                "neutral",
                "Chưa mở đăng ký",
            ),
        ],
        "qr": _qr("HTTPS://GIOT.EXAMPLE/T/" + "AEAAAB7Q" * 16),
        "link_qr": _qr("https://giot.example/d/giot-hong/"),
        "tabs": [
            {"label": label, "url": "#", "current": label == "Tổng quan"}
            for label in ("Tổng quan", "Đăng ký", "Khung giờ", "Máy quét", "Tin nhắn", "Báo cáo")
        ],
        "chips": [
            {"label": "Tất cả", "count": 169, "url": "#", "current": True},
            {"label": "Đã đăng ký", "count": 42, "url": "#", "current": False},
            {"label": "Báo sẽ đến", "count": 112, "url": "#", "current": False},
            {"label": "Danh sách chờ", "count": 6, "url": "#", "current": False},
            {"label": "Đã nhường", "count": 9, "url": "#", "current": False},
        ],
        "load": [
            ("07:00", 33, 30, 29, "xong, 4 chưa đến"),
            ("07:30", 29, 30, 24, "xong, 5 chưa đến"),
            ("08:00", 24, 30, 13, "đang đón"),
            ("08:30", 17, 30, 5, "đang đón"),
            ("09:00", 19, 30, 0, "còn 11 chỗ"),
            ("09:30", 11, 30, 0, "còn 19 chỗ"),
            ("10:00", 11, 30, 0, "còn 19 chỗ"),
            ("10:30", 10, 30, 0, "còn 20 chỗ"),
        ],
        "people": [
            (
                "07:00",
                "Bùi Thị Kim Oanh",
                UNITS[2],
                "1902",
                "waiting",
                "Danh sách chờ",
                "Đứng số 1",
            ),
            ("08:30", LONGEST_NAME, LONGEST_UNIT, "0483", "done", "Báo sẽ đến", "Đã nhắc"),
            ("08:30", "Lò Văn Pành", UNITS[4], "2210", "neutral", "Đã đăng ký", "Chưa tới"),
            ("08:30", "Phùng Thị Hải Yến", UNITS[7], "9075", "neutral", "Đã đăng ký", "Đã nhắc"),
            ("08:30", "Kiều Anh", UNITS[3], "6641", "neutral", "Đã đăng ký", ""),
            ("09:00", "Hoàng Thị Thu Hương", UNITS[7], "0127", "done", "Báo sẽ đến", "Đã nhắc"),
            ("09:00", "Đỗ Trọng Nghĩa", UNITS[5], "3358", "gave-up", "Đã nhường", ""),
            ("09:30", "Phạm Gia Bảo", UNITS[1], "7316", "neutral", "Đã đăng ký", "Đã nhắc"),
        ],
        "manage_upcoming": [
            (
                "13/12",
                "Chủ nhật, 2026",
                "Chủ nhật Đỏ",
                "Trường Đại học Điện lực, Hà Nội",
                312,
                400,
                "done",
                "Đang nhận đăng ký",
                "Mở",
            ),
            (
                "20/12",
                "Chủ nhật, 2026",
                "Giọt hồng người thợ điện",
                LONGEST_UNIT,
                118,
                120,
                "waiting",
                "Sắp đầy, 9 chờ",
                "Mở",
            ),
            (
                "07/04",
                "Thứ Tư, 2027",
                "Ngày toàn dân hiến máu",
                "Trường Đại học Công nghiệp Hà Nội",
                0,
                300,
                "neutral",
                "Bản nháp",
                "Soạn tiếp",
            ),
        ],
        "devices": [
            (
                "Máy 1",
                "Hồng Nhung",
                "Đón tiếp",
                "done",
                "Đang quét",
                "vừa xong",
                0,
                "154/154, 08:40",
            ),
            (
                "Máy 3",
                "Mai Phương",
                "Đón tiếp",
                "unsent",
                "Mất mạng",
                "18 phút trước",
                9,
                "154/154, 08:23",
            ),
            (
                "Máy 7",
                "Đức Long",
                "Lấy máu",
                "look",
                "Danh sách cũ",
                "6 phút trước",
                0,
                "148/154, 07:10",
            ),
            (
                "Máy 4",
                "Thanh Tùng",
                "Đón tiếp",
                "gave-up",
                "Đã thu hồi",
                "04/12, 17:30",
                0,
                "đã xóa",
            ),
        ],
        "kinds": [
            ("Đã giữ chỗ", "gửi ngay", "Zalo, SMS, thư", 166, 2, 0, 1),
            ("Nhắc trước 3 ngày", "18:00, thứ Tư 02/12", "Zalo, SMS, thư", 141, 4, 0, 2),
            ("Từ danh sách chờ lên", "gửi ngay", "Zalo, SMS", 9, 0, 0, 0),
            ("Cảm ơn", "19:00 tối nay", "Zalo, thư", 0, 0, 71, 0),
        ],
        "verdicts": VERDICTS,
        "checks": [
            ("done", "Danh sách", "154/154 người, tải lúc 06:41"),
            ("done", "Khóa kiểm vé", "Nhận ra vé giả cả khi mất mạng"),
            ("done", "Đồng hồ", "Đúng, lệch 1 giây"),
            ("done", "Camera", "Dùng được"),
            ("done", "Bộ nhớ", "Đủ chỗ, giữ được lượt quét khi tắt máy"),
            ("done", "Mạng", "Đang có"),
        ],
        "roster": [
            ("Kiều Anh", 2001, UNITS[3], "6641", "B6TN-4WHR"),
            ("Trịnh Quốc Đạt", 1996, UNITS[5], "4417", "9WTR-3HDF"),
            (LONGEST_NAME, 1997, LONGEST_UNIT, "0483", "7KQ4-M2XP"),
            ("Lò Văn Pành", 1988, UNITS[4], "2210", "3XDF-9KTM"),
        ],
        "icons": sorted(looks.ICONS),
        "section": "drives",
        "frame": {
            "unit_name": "Đoàn Thanh niên Bộ Công Thương",
            "user_name": "Vũ Thu Trang",
            "sees_units": True,
        },
    }


def show(request: HttpRequest, page: str = "index") -> HttpResponse:
    values = context()
    if page == "details-wrong":
        page, values["form"] = "details", values["wrong_form"]
    elif page == "details":
        values["form"] = values["details_form"]
    elif page.startswith("verdict-"):
        code = page.removeprefix("verdict-").replace("-", "_")
        page, values["code"], values["verdict"] = "verdict", code, VERDICTS[code]
    try:
        return render(request, f"kit/{page}.html", values)
    except TemplateDoesNotExist as missing:
        if missing.args and str(missing.args[0]).startswith("kit/"):
            raise Http404 from missing
        raise


urlpatterns = [path("", show, name="kit"), path("<slug:page>/", show, name="kit-page")]
