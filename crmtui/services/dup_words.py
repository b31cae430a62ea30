"""Words that tell nobody apart: legal forms, cities before a Chinese name, street types, ordinals, free mail services."""

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


LEGAL = _set(
    "ab ag aps as asa bhd bv co company corp corporation cv doo ek eg ev gbr gmbh group holding holdings inc "
    "incorporated kg kgaa kk limited limitada llc llp lp ltd ltda mbh nv ohg oy oyj plc pte pty sa sarl sas sdn "
    "se sl spa spzoo sro srl ug zoo"
)
"""Legal forms, and what says no more than one: left out of a company's name where something else remains."""
SMALL = _set("an and at by de der die das des du et for in la le les of on the to und van von")

LEGAL_ZH = re.compile("(?:股份|集团|控股|有限|责任|无限|普通|特殊|合伙|企业|总?公司)+$")
LEGAL_ZH_INSIDE = re.compile("(?:集团|控股)?(?:股份)?有限(?:责任)?公司|股份公司")
CITIES = _set(
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 "
    "陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 中国 石家庄 唐山 秦皇岛 太原 呼和浩特 沈阳 大连 长春 哈尔滨 "
    "南京 无锡 徐州 常州 苏州 南通 扬州 镇江 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 台州 合肥 芜湖 福州 厦门 泉州 漳州 南昌 "
    "济南 青岛 淄博 烟台 潍坊 威海 临沂 郑州 洛阳 武汉 宜昌 长沙 株洲 广州 深圳 珠海 佛山 东莞 中山 惠州 汕头 南宁 柳州 桂林 "
    "海口 三亚 成都 绵阳 贵阳 昆明 拉萨 西安 兰州 西宁 银川 乌鲁木齐 昆山 义乌 常熟 张家港 江阴"
)
_PLACE = "|".join(sorted(CITIES, key=len, reverse=True))
PREFIX_ZH = re.compile(f"(?:{_PLACE})(?:特别行政区|自治区|省|市)?")
BRACKET_ZH = re.compile(rf"\(({_PLACE})(?:省|市)?\)")

STREETS = {
    "aly": "alley", "ally": "alley", "av": "avenue", "ave": "avenue", "aven": "avenue", "avn": "avenue",
    "bl": "boulevard", "blvd": "boulevard", "bvd": "boulevard", "boul": "boulevard", "cir": "circle",
    "cct": "circuit", "cl": "close", "ct": "court", "cr": "crescent", "cres": "crescent", "dr": "drive",
    "drv": "drive", "expy": "expressway", "fwy": "freeway", "gdn": "gardens", "gdns": "gardens", "garden": "gardens",
    "gr": "grove", "hwy": "highway", "ln": "lane", "mt": "mount", "pde": "parade", "pk": "park", "pkwy": "parkway",
    "pky": "parkway", "pl": "place", "plz": "plaza", "rd": "road", "rte": "route", "sq": "square", "st": "street",
    "str": "street", "strasse": "street", "tce": "terrace", "ter": "terrace", "terr": "terrace", "trl": "trail",
    "wy": "way", "wlk": "walk",
}  # fmt: skip
"""Street types, as people write them → one form."""
TYPES = frozenset(STREETS.values()) - {"mount", "park"} | {"路", "街", "大道", "巷", "弄"}
POINTS = {"north": "n", "south": "s", "east": "e", "west": "w", "no": "n", "so": "s"} | {
    a + b: a[0] + b[0] for a in ("north", "south") for b in ("east", "west")
}
PLACES = TYPES | frozenset(POINTS.values())
"""What a street's name is told without."""
ORDINALS = {
    "first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7",
    "eighth": "8", "ninth": "9", "tenth": "10", "eleventh": "11", "twelfth": "12",
}  # fmt: skip
WITHIN = _set("apt apartment apmnt unit suite ste rm room fl floor flat bldg building level lot")
ADDRESS_ZH = re.compile("(?P<street>[^0-9省市区县]{1,20}?(?:路|街|大道|道|巷|弄))(?P<number>[0-9]+)号?")

FREE_MAIL = _set(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.uk ymail.com icloud.com me.com "
    "aol.com gmx.de gmx.net web.de t-online.de mail.ru yandex.ru proton.me protonmail.com qq.com foxmail.com 163.com "
    "126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com comcast.net sbcglobal.net att.net "
    "verizon.net ameritech.net"
)
"""Where mail addresses belong to persons: sharing one says nothing about a company."""
