"""What the desk says of rules of senders."""

RULES = {
    "a_day": "سقف روزانه",
    "a_year": "سقف سالانه",
    "keep_days": "روزهای نگهداری متن و گیرنده",
}
NONE = "بدون قاعده"
LIMIT = (
    "از آن روز، پیامی که از سقف بگذرد پذیرفته نمی‌شود. "
    "در هشتاد درصد و در پایان سقف به دستگاه خبر داده می‌شود."
)
EFFECTS = {
    "a_day": LIMIT,
    "a_year": LIMIT,
    "keep_days": "از آن روز، متن و گیرنده پیام‌ها پس از این مدت پاک می‌شود و بازگشتی ندارد.",
}
LEVELS = {"near": "نزدیک سقف", "reached": "پر شده"}
LEVEL_PILLS = {"near": "warn", "reached": "bad"}
