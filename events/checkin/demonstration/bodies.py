"""Bodies of industry and trade that lend their names, and the drives of the demonstration."""

from events.drives.plans import Place

ROOT = "Đoàn Thanh niên Bộ Công Thương"
OTHER_UNION = "Đoàn Thanh niên Khối các trường nghề (minh họa)"

# Body: its own units below it.
BODIES: dict[str, list[str]] = {
    "Cục Công nghiệp": [],
    "Cục Xuất nhập khẩu": [],
    "Cục Xúc tiến thương mại": [],
    "Cục Thương mại điện tử và Kinh tế số": [],
    "Cục Hóa chất": [],
    "Cục Điện lực": [],
    "Vụ Thị trường trong nước": [],
    "Viện Năng lượng": ["Phòng Phát triển hệ thống điện", "Trung tâm Năng lượng tái tạo"],
    "Viện Nghiên cứu Cơ khí": [],
    "Trường Đại học Công nghiệp Hà Nội": [
        "Liên chi đoàn Khoa Cơ khí",
        "Liên chi đoàn Khoa Điện",
        "Liên chi đoàn Khoa Công nghệ thông tin",
    ],
    "Trường Đại học Công nghiệp Thành phố Hồ Chí Minh": [],
    "Trường Đại học Công Thương Thành phố Hồ Chí Minh": [],
    "Trường Đại học Kinh tế – Kỹ thuật Công nghiệp": [],
    "Trường Đại học Sao Đỏ": [],
    "Trường Cao đẳng Công nghiệp Huế": [],
    "Trường Cao đẳng Thương mại": [],
    "Công ty TNHH MTV Vận hành hệ thống điện và thị trường điện Quốc gia": [
        "Trung tâm Điều độ hệ thống điện miền Bắc",
        "Trung tâm Điều độ hệ thống điện miền Nam",
    ],
    "Tập đoàn Dệt May Việt Nam": ["Tổng công ty May 10", "Nhà máy Sợi Nam Định"],
    "Tập đoàn Hóa chất Việt Nam": ["Nhà máy Phân đạm Hà Bắc"],
    "Tập đoàn Công nghiệp Than – Khoáng sản Việt Nam": [
        "Công ty Than Vàng Danh",
        "Công ty Tuyển than Cửa Ông",
    ],
    "Tổng công ty Giấy Việt Nam": [],
    "Tổng công ty Thép Việt Nam": ["Nhà máy Gang thép Thái Nguyên"],
    "Tổng công ty Máy động lực và Máy nông nghiệp Việt Nam": [],
    "Tổng công ty Bia – Rượu – Nước giải khát Hà Nội": [],
    "Báo Công Thương": [],
}
SECRETARYS_BODY = "Trường Đại học Công nghiệp Hà Nội"

VENUE = Place(
    name="Hội trường Bộ Công Thương",
    address="54 Hai Bà Trưng, phường Cửa Nam, Hà Nội",
    map_url="https://www.openstreetmap.org/search?query=54+Hai+B%C3%A0+Tr%C6%B0ng%2C+H%C3%A0+N%E1%BB%99i",
)
OTHER_VENUE = Place(
    name="Nhà văn hóa Trường Đại học Công nghiệp Hà Nội",
    address="298 Cầu Diễn, Hà Nội",
    map_url="https://www.openstreetmap.org/search?query=298+C%E1%BA%A7u+Di%E1%BB%85n%2C+H%C3%A0+N%E1%BB%99i",
)
BLOOD_CENTRE = "Viện Huyết học – Truyền máu Trung ương"
CONTACT = "Trần Khánh Linh, 0912 000 486"
DESCRIPTION = (
    "Ngày hội hiến máu của đoàn viên, công nhân và sinh viên ngành Công Thương. "
    "Mỗi người ở lại khoảng một giờ, có chỗ nghỉ và ăn nhẹ sau khi hiến."
)
