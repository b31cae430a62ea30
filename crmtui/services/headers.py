"""The column names that other products write, and the field that each means."""

import re

from crmtui.text import fold

_SHARED = {
    "phone": "phone number, telephone, tel, business phone, work phone, company phone, phone 1 - value, primary phone, "
    "company phone number, 电话, 联系电话, 电话号码, 公司电话",
    "email": "e-mail, email address, e-mail address, mail, e-mail 1 - value, primary email, 邮箱, 电子邮件, 电子邮箱, 邮件",
    "website": "web site, web page, website url, url, homepage, company domain name, domain, website 1 - value, 网站, 网址, 主页",
    "country": "country/region, business country, business country/region, mailing country, billing country, "
    "address 1 - country, billing country/region, mailing country/region, 国家, 国家/地区",
    "region": "state, state/province, province, business state, mailing state/province, billing state/province, "
    "address 1 - region, state/region, mailing state, billing state, 省, 省份, 地区, 省/州",
    "city": "town, business city, mailing city, billing city, address 1 - city, 城市, 市",
    "street": "address, street address, address line 1, business street, mailing street, billing street, address 1 - street, "
    "地址, 街道, 详细地址",
    "postcode": "zip, zip code, zip/postal code, postal code, business postal code, mailing zip/postal code, "
    "billing zip/postal code, address 1 - postal code, post code, 邮编, 邮政编码",
    "owner": "owner name, record owner, assigned to, lead owner, account owner, contact owner, opportunity owner, "
    "company owner, deal owner, 负责人, 所有人, 销售负责人",
    "note": "notes, description, comments, comment, remarks, message, 备注, 说明, 描述",
    "external_id": "id, record id, record id (hs), lead id, account id, contact id, opportunity id, deal id, user id, external id, "
    "unique id, guid, 编号, 外部编号",
    "industry": "sector, branch, 行业, 所属行业",
    "created_at": "created date, create date, created on, creation date, date created, created time, 创建时间, 创建日期",
    "tags": "labels, tag, categories, 标签",
    "currency": "currency code, currency iso code, 币种, 货币",
    "title": "job title, position, organization title, organization 1 - title, role, 职位, 职务",
}
_OWN = {
    "lead": {
        "company": "company name, company / account, organization, organisation, organization name, account name, 公司, 公司名称, "
        "单位, 客户名称, 企业名称",
        "contact_name": "contact, name, full name, contact person, lead name, person, 联系人, 姓名, 联系人姓名",
        "source": "lead source, original source, origin, 来源, 线索来源",
        "state": "status, lead status, 状态, 线索状态",
        "quoted": "price, quote, price told, amount, 报价",
        "interest": "product, product interest, 意向产品, 兴趣",
        "next_contact_on": "next contact, follow up, next activity date, 下次联系, 下次联系日期",
    },
    "account": {
        "name": "account name, company name, company, organization, organization name, 客户名称, 公司名称, 公司, 客户",
        "parent": "parent account, parent company, subsidiary of, 母公司, 上级公司",
        "employees": "number of employees, no. of employees, headcount, 员工数, 人数",
        "annual_revenue": "revenue, turnover, sales, 年营业额, 年收入, 营业额",
        "class": "type, account type, customer type, 客户类型, 客户级别",
        "founded": "year founded, year established, founded year, 成立年份",
        "tax_number": "vat, vat number, tax id, 税号",
        "short_name": "abbreviation, 简称",
    },
    "contact": {
        "name": "full name, contact name, display name, file as, 姓名, 联系人",
        "given_name": "first name, given name, firstname, 名",
        "family_name": "last name, surname, family name, lastname, 姓",
        "account": "account name, company, company name, organization, organization name, organization 1 - name, associated company, "
        "客户, 公司, 公司名称",
        "mobile": "mobile phone, mobile phone number, cell phone, cell, phone 2 - value, 手机, 手机号, 手机号码",
        "birth_date": "birthday, birthdate, date of birth, 生日, 出生日期",
        "reports_to": "manager, reports to, manager's name, 上级",
    },
    "opp": {
        "name": "opportunity name, deal name, opportunity, deal, subject, 商机名称, 商机",
        "account": "account name, company, customer, associated company, 客户, 客户名称",
        "contact": "contact name, primary contact, associated contact, 联系人",
        "stage": "deal stage, sales stage, pipeline stage, 阶段, 销售阶段",
        "process": "pipeline, sales process, 销售流程",
        "amount": "value, deal value, close value, deal amount, 金额, 商机金额",
        "expected_close_on": "close date, expected close date, expected close, 预计成交日期",
        "probability": "probability (%), win probability, deal probability, 可能性, 赢率",
        "source": "lead source, original source, 来源",
        "products": "product, product name, products, 产品",
    },
    "product": {
        "name": "product name, product, item, 产品, 产品名称",
        "code": "product code, sku, item number, 产品编号",
        "price": "list price, unit price, sales price, 单价, 价格",
        "cost": "unit cost, standard cost, 成本",
    },
    "user": {
        "name": "full name, user name, sales agent, employee, 姓名",
        "login": "username, login name, 登录名, 账号",
        "dept": "department, team, office, 部门",
        "manager": "supervisor, reports to, 上级, 经理",
    },
}
PEOPLE = ({"first name", "given name", "firstname"}, {"last name", "surname", "family name", "lastname"})
"""Columns that together make the one name of a person, for nouns that have no fields for the parts."""


def plain(header: str) -> str:
    """`header` for comparison: case, width, blanks and the usual separators make no difference."""
    return " ".join(re.sub(r"[_:*-]+", " ", fold(header)).split())


def synonyms(noun: str) -> dict[str, list[str]]:
    """Field → the plain headers that mean it in a file of `noun`, the likeliest first."""
    every = {field: _split(words) for field, words in _OWN.get(noun, {}).items()}
    for field, words in _SHARED.items():
        every[field] = every.get(field, []) + _split(words)
    return every


def _split(words: str) -> list[str]:
    return [plain(word) for word in words.split(",")]
