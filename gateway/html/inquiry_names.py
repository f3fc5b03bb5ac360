"""What people call the purposes of inquiries and the blocks of answers, in Persian."""

# The purposes of inquiries as people call them (a test compares them with the service's own).
PURPOSES = {
    "electricity_tariff": "تعرفه و قطع برق چاه",
    "fuel_quota": "سهمیه سوخت چاه",
    "agriculture_aid": "کمک آبیاری و الگوی کشت",
    "land_transfer": "نقل و انتقال ملک",
    "court_case": "رسیدگی قضایی",
    "bank_collateral": "وثیقه و تسهیلات بانکی",
    "industry_supply": "تأمین آب صنعت",
    "building_permit": "پروانه ساختمان",
    "environment": "حفاظت محیط زیست",
    "water_levy": "حقوق دولتی آب",
}
BLOCKS = {
    "licence": "پروانه",
    "holder": "صاحب پروانه",
    "contact": "تماس",
    "partners": "شریکان",
    "technical": "مشخصات فنی",
    "place": "محل",
    "meter": "کنتور",
    "debt": "بدهی",
    "violations": "تخلف‌ها",
}
