#!/usr/bin/env python3
"""Which tier runs on which day of 2027 in London under the rotation that `init` writes, from its definition alone.

Sons on Monday to Thursday, a father on Friday, a grandfather on the last Friday of the month instead of the father; nothing
on Saturday and Sunday; at 22:00 local time. Uses Python's own calendar and time zones, none of this project's code:

    python3 test/schemes/golden/grandfather-father-son.py > test/schemes/golden/grandfather-father-son-2027.txt
"""
import calendar
import datetime
import zoneinfo

london = zoneinfo.ZoneInfo('Europe/London')
last_friday = {m: max(week[calendar.FRIDAY] for week in calendar.monthcalendar(2027, m)) for m in range(1, 13)}

for month in range(1, 13):
    for day in range(1, calendar.monthrange(2027, month)[1] + 1):
        weekday = calendar.weekday(2027, month, day)
        if weekday >= calendar.SATURDAY:
            continue
        tier = 'son' if weekday < calendar.FRIDAY else 'grandfather' if day == last_friday[month] else 'father'
        start = datetime.datetime(2027, month, day, 22, 0, tzinfo=london)
        print(start.isoformat(), tier)
