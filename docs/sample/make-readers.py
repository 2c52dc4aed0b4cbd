#!/usr/bin/env python3
"""Writes the three hundred sample readers: names from many places, addresses at reserved domains only."""
import csv
import os
import unicodedata

FIRST = ["Ada", "Zoë", "Renée", "Jürgen", "Søren", "Łukasz", "İpek", "Chloë", "Nguyễn", "Þóra", "José", "Siân", "Miloš", "Anaïs", "Björk", "אבי", "נועה", "יעל",
         "ליאם", "Мария", "Иван", "Ελένη", "Γιώργος", "さくら", "太郎", "小明", "김민준", "فاطمة", "أحمد", "Maximiliana-Alexandrina"]
LAST = ["Example", "O’Brien", "Müller-Lüdenscheidt", "Ångström", "Nowak", "Yılmaz", "García Márquez", "van der Berg", "Þórsdóttir", "D’Angelo", "לוי", "כהן", "Иванова",
        "Παπαδόπουλος", "山田", "王", "박", "الهاشمي", "Wolfeschlegelsteinhausenbergerdorff", "Smith, Jr."]
DOMAINS = ["example.org", "example.net", "example.com", "mail.example", "post.example", "bücher.example"]


def plain(text):
    flat = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("Ł", "L").replace("ł", "l").replace("Þ", "Th").replace("ı", "i"))
    return "".join(c for c in flat if c.isascii() and c.isalnum()).lower()


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "readers.csv"), "w", newline="", encoding="utf-8") as out:
    rows = csv.writer(out)
    rows.writerow(["email", "name", "city"])
    for i in range(300):
        first, last = FIRST[i % len(FIRST)], LAST[(i * 7 + i // 30) % len(LAST)]
        rows.writerow([f"{plain(first) or 'reader'}.{i + 1}@{DOMAINS[i % len(DOMAINS)]}", f"{first} {last}", ["Bonn", "Łódź", "חיפה", "Αθήνα", "São Paulo"][i % 5]])
