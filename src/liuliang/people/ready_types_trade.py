"""Ready types whose members come for goods, knowledge, help or income."""

from __future__ import annotations

from datetime import time

from django.utils.translation import gettext_noop as _

from liuliang.people.blueprint import (
    Blueprint,
    CommunityIdentity,
    Content,
    Cost,
    Monetisation,
    Persona,
    Purpose,
    Reception,
    Term,
)
from liuliang.people.types import CommunityType, Gate, Slot, Target

DEALS = CommunityType(
    key="deals",
    title=_("福利优惠群"),
    icon="discount",
    summary=_("定时定量的真优惠，让价格敏感的人有理由留下来。"),
    size_limit=500,
    house_rules="""1. 优惠真实有效：写明原价、现价、数量和截止时间，售完即止并公布。
2. 不代抢、不倒卖、不用多个账号领取；发现后取消资格。
3. 晒单请遮住手机号和地址。
4. 售后走客服，群里 @客服 30 分钟内回应。
5. 不发群外拼单、返利和外部红包链接，一次提醒，两次移出。""",
    blueprint=Blueprint(
        goal="群成交额月增 10%，只领不买的成员占比低于 20%。",
        purpose=Purpose(
            why="给价格敏感的用户一个固定的、可信的优惠来源，减少对大促的依赖。",
            what="每日限时、每周秒杀、晒单返券、清仓预告。",
            where="企业微信群 + 小程序商城。",
            when="每天 10:00 和 20:00 两档，周五秒杀。",
            who="群主是门店或电商运营；目标成员是领过券或买过低价品的人。",
            how="包裹卡、门店扫码入群；先发预告，再开抢，最后公布结果。",
            how_much="每群每天 1 小时；优惠成本不超过成交额的 8%。",
        ),
        structure="pyramid",
        persona=Persona(age="25–50 岁", interests="精打细算，愿意比价和等优惠"),
        content=Content(
            form="商品卡片、倒计时、晒单",
            tone="直接、清楚，不吹牛",
            schedule="10:00 早市，20:00 晚市，周五 20:00 秒杀，周日预告",
        ),
        service_standard="库存和截止时间写清楚；售后 30 分钟内回应，48 小时内解决。",
        monetisation=Monetisation(product="限时特价、清仓、组合装"),
        costs=[Cost(item="优惠补贴", monthly=300_000), Cost(item="运营人力", monthly=200_000)],
    ),
    identity=CommunityIdentity(
        slogan="真便宜，不套路",
        poster="每天两档限时优惠，原价现价写清楚，卖完就收。",
        vocabulary=[
            Term(word="早市/晚市", meaning="每天 10:00 和 20:00 的限时优惠"),
            Term(word="捡漏", meaning="临期和尾货专场"),
        ],
        rituals=["周五秒杀倒计时", "晒单返券"],
        reception=Reception(
            welcome="欢迎 {nickname}！每天 10 点和 20 点各一档，今天的优惠看群公告。",
            introduction=["城市", "常买什么"],
            steps=["看群公告里的规则", "领取新人券", "设置群消息提醒"],
            opens=time(9),
            closes=time(22),
        ),
    ),
    gates=(Gate("action", _("注册会员"), {"action": "registered"}),),
    calendar=(
        *(Slot(day, "10:00", _("早市"), _("限时优惠")) for day in range(1, 8)),
        *(Slot(day, "20:00", _("晚市"), _("限时优惠")) for day in (1, 2, 3, 4, 6)),
        Slot(5, "20:00", _("周五秒杀"), _("秒杀")),
        Slot(7, "20:00", _("下周预告"), _("预告")),
    ),
    targets=(
        Target("conversion_rate", _("周下单率"), 0.12),
        Target("gmv_per_member", _("人均月成交"), 5_000, "month"),
        Target("gift_only_share", _("只领不买占比"), 0.2, "month", at_most=True),
        Target("churn_rate", _("月流失率"), 0.08, "month", at_most=True),
    ),
)

PAID = CommunityType(
    key="paid",
    title=_("付费知识群"),
    icon="diamond",
    summary=_("为内容和服务付费的人，交付要看得见、到期愿意续。"),
    size_limit=300,
    house_rules="""1. 群内内容仅限付费成员本人使用，不转卖、不共享账号。
2. 提问写清背景；嘉宾和主理人的回答不构成投资、医疗等专业意见。
3. 尊重隐私：不截图他人发言到群外。
4. 交付清单和退款规则写在公告，按规则执行。
5. 不做群内推销；违规移出，按规则处理剩余服务期。""",
    blueprint=Blueprint(
        goal="年续费率 60%，每位成员每月至少用到一次交付。",
        purpose=Purpose(
            why="有人愿意为筛选过的信息、可靠的答案和同行的圈子付费。",
            what="每周专题、每月闭门分享、问答、资料库、成员名录。",
            where="微信群或知识平台，资料沉淀在文档库。",
            when="周一专题，周四答疑，每月最后一个周六闭门分享。",
            who="主理人、嘉宾、运营；目标成员是相关领域的从业者。",
            how="试读后付费；入群 7 天内完成一次提问和一次介绍。",
            how_much="主理人每周 6 小时，运营每周 10 小时。",
        ),
        structure="pyramid",
        persona=Persona(age="25–45 岁", job="相关领域从业者、创业者", income="愿意为知识付费"),
        content=Content(
            form="专题长文、闭门分享、问答、资料",
            tone="专业、克制、给出处",
            schedule="周一专题，周四答疑，月末闭门分享",
        ),
        service_standard="交付清单公开打勾；提问 24 小时内回应；7 天内不满意可退。",
        monetisation=Monetisation(content="年费、专栏", service="咨询、企业内训"),
        costs=[Cost(item="内容与嘉宾", monthly=1_000_000), Cost(item="运营人力", monthly=400_000)],
    ),
    identity=CommunityIdentity(
        slogan="少而精，答得准",
        poster="每周一个专题，每月一次闭门分享，问题 24 小时内有答案。",
        vocabulary=[
            Term(word="闭门", meaning="仅限成员、不录屏的分享"),
            Term(word="交付清单", meaning="本月承诺与完成情况"),
        ],
        rituals=["新成员圆桌", "月度交付公示", "年度成员大会"],
        reception=Reception(
            welcome="欢迎 {nickname}！交付清单和资料库入口在公告。请在 7 天内提出你的第一个问题，我们负责答好。",
            introduction=["称呼与所在行业", "现在最想解决的问题", "可以为群友提供什么"],
            steps=["阅读交付清单和退款规则", "加入成员名录", "提出第一个问题", "预约新成员圆桌"],
            opens=time(9),
            closes=time(21),
        ),
    ),
    gates=(
        Gate("payment", _("支付年费"), {"plan": "year"}),
        Gate("form", _("行业与需求"), {"questions": ["所在行业", "想解决的问题"]}),
    ),
    calendar=(
        Slot(1, "09:00", _("本周专题"), _("长文")),
        Slot(4, "20:00", _("集中答疑"), _("问答")),
        Slot(6, "15:00", _("闭门分享（月末）"), _("直播")),
    ),
    targets=(
        Target("renewal_rate", _("续费率"), 0.6, "whole"),
        Target("participation_rate", _("月参与率"), 0.7, "month"),
        Target("first_response_minutes", _("首次回应分钟数"), 1_440, "day", at_most=True),
        Target("nps", _("净推荐值"), 40, "month"),
    ),
)

SERVICE = CommunityType(
    key="service",
    title=_("服务售后群"),
    icon="headset",
    summary=_("买后有人管：答得快、跟到底、把抱怨变成信任。"),
    size_limit=200,
    house_rules="""1. 报修和咨询请说清型号、购买时间和现象，附照片更快。
2. 个人信息私信客服，不要发在群里。
3. 每个问题都有编号和负责人，处理到您确认为止。
4. 请互相体谅：工作时间 30 分钟内回应，夜间留言次日 9:30 前回复。
5. 不发广告，不在群里传播未经证实的消息。""",
    blueprint=Blueprint(
        goal="首次回应不超过 30 分钟，24 小时解决率 85%，满意度 4.6 以上。",
        purpose=Purpose(
            why="售后是复购的开始；公开地把问题解决，比十条广告有用。",
            what="使用指导、报修、保养提醒、版本说明、常见问题。",
            where="企业微信客户群，复杂问题转私聊工单。",
            when="每天 9:00–21:00 有人值守。",
            who="客服、技术支持、产品经理轮值；目标成员是全部购买客户。",
            how="发货后邀请入群；问题建单、分派、回访。",
            how_much="每 200 人 1 名客服每天 2 小时。",
        ),
        structure="ring",
        persona=Persona(interests="已购买客户，希望用得明白、坏了有人管"),
        content=Content(
            form="教程、公告、问答",
            tone="耐心、清楚、负责到底",
            schedule="周二使用小课堂，周四常见问题，版本更新随时公告",
        ),
        service_standard="30 分钟首次回应，24 小时给方案，完成后回访；升级问题 2 小时内由主管接手。",
        monetisation=Monetisation(product="配件、耗材", service="延保、上门保养"),
        costs=[Cost(item="客服人力", monthly=600_000), Cost(item="补偿与备件", monthly=100_000)],
    ),
    identity=CommunityIdentity(
        slogan="有事说一声，我们跟到底",
        poster="扫码进服务群：使用指导、报修、保养提醒，30 分钟内有人回应。",
        vocabulary=[
            Term(word="建单", meaning="登记问题并分派负责人"),
            Term(word="关单", meaning="您确认解决后结束"),
        ],
        rituals=["每月公布解决率和改进清单"],
        reception=Reception(
            welcome="{nickname} 您好，我是本群客服。有问题请直接 @我，30 分钟内回应您。",
            introduction=["购买的型号", "购买时间"],
            steps=["登记型号", "收藏使用教程", "添加客服"],
            opens=time(9),
            closes=time(21),
        ),
    ),
    gates=(Gate("bought", _("买过至少一次"), {"times": 1}),),
    calendar=(Slot(2, "19:30", _("使用小课堂"), _("教程")), Slot(4, "19:30", _("常见问题"), _("问答"))),
    targets=(
        Target("first_response_minutes", _("首次回应分钟数"), 30, "day", at_most=True),
        Target("resolution_rate", _("24 小时解决率"), 0.85),
        Target("satisfaction", _("满意度（5 分）"), 4.6, "month"),
        Target("churn_rate", _("月流失率"), 0.05, "month", at_most=True),
    ),
)

PARTNER = CommunityType(
    key="partner",
    title=_("合伙人分销群"),
    icon="affiliate",
    summary=_("帮店主、导购和分销员卖得好、结得清、守规矩。"),
    size_limit=200,
    house_rules="""1. 只按真实成交结算佣金，不收入门费，不按拉人头计酬，奖励层级不超过法律允许的范围。
2. 宣传用官方素材，不夸大、不承诺收益、不用绝对化用语。
3. 不跨区窜货、不低于限价销售。
4. 客户信息只用于服务本人订单，不外传。
5. 结算规则以公告为准，有疑问 3 个工作日内答复；违规取消资格。""",
    blueprint=Blueprint(
        goal="月动销率 50%，新合伙人 14 天内出第一单。",
        purpose=Purpose(
            why="让最懂顾客的人卖货，并得到清楚、及时的回报。",
            what="培训、素材、选品、业绩榜、结算答疑。",
            where="企业微信群 + 合伙人后台。",
            when="每天素材，周三培训，周日业绩榜，每月 10 日结算。",
            who="渠道经理、培训师；目标成员是门店导购、宝妈、社区团长。",
            how="申请、审核、培训、首单辅导、分级支持。",
            how_much="每 100 名合伙人 1 名渠道经理。",
        ),
        structure="pyramid",
        persona=Persona(age="25–50 岁", job="店主、导购、团长、自由职业", interests="有客源，愿意学习销售"),
        content=Content(
            form="海报、话术、案例、培训",
            tone="务实、讲数字、讲案例",
            schedule="每天 9:00 素材，周三 20:00 培训，周日 20:00 业绩榜",
        ),
        service_standard="结算问题 3 个工作日内答复；素材每天 9:00 前更新；售后由品牌承担。",
        monetisation=Monetisation(product="分销商品", service="培训与陪跑"),
        costs=[Cost(item="渠道经理", monthly=800_000), Cost(item="培训与奖励", monthly=300_000)],
    ),
    identity=CommunityIdentity(
        slogan="卖得明白，赚得踏实",
        poster="合伙人招募：官方素材、手把手培训、按真实成交结算，不收任何入门费。",
        vocabulary=[
            Term(word="首单", meaning="成为合伙人后的第一笔成交"),
            Term(word="动销", meaning="当月有成交"),
        ],
        rituals=["首单喜报", "周业绩榜", "季度合伙人大会"],
        reception=Reception(
            welcome="欢迎 {nickname} 加入合伙人群！先看结算规则，再完成新手培训，14 天内我们陪你出第一单。",
            introduction=["称呼与城市", "现在的客源", "想做哪些品类"],
            steps=["签署合作协议", "阅读结算规则", "完成新手培训", "分享第一张海报"],
            opens=time(9),
            closes=time(21),
        ),
    ),
    gates=(
        Gate("form", _("申请表"), {"questions": ["现在的客源", "想做的品类"]}),
        Gate("approval", _("渠道经理审核"), {"by": "staff"}),
        Gate("quiz", _("合规测验"), {"questions": 8, "pass": 8}),
    ),
    calendar=(
        *(Slot(day, "09:00", _("今日素材"), _("素材")) for day in range(1, 7)),
        Slot(3, "20:00", _("销售培训"), _("直播")),
        Slot(7, "20:00", _("业绩榜"), _("榜单")),
    ),
    targets=(
        Target("active_seller_rate", _("月动销率"), 0.5, "month"),
        Target("first_order_days", _("首单天数"), 14, "whole", at_most=True),
        Target("gmv_growth", _("月成交增长"), 0.1, "month"),
    ),
)

FLASH = CommunityType(
    key="flash",
    title=_("快闪群"),
    icon="bolt",
    summary=_("为一次活动而建，三到七天，到期如约解散。"),
    size_limit=500,
    days=5,
    house_rules="""1. 本群为限时活动群，到期解散；解散时间和售后方式写在公告。
2. 只聊本次活动；其他问题请私信客服。
3. 优惠和名额真实有限，进度公开。
4. 不加好友推销，不发外部链接。
5. 活动结束后可自愿加入长期群，不强拉。""",
    blueprint=Blueprint(
        goal="群内转化率 20%，其中 30% 自愿转入长期群。",
        purpose=Purpose(
            why="集中注意力，在短时间内完成一次预热、种草、成交。",
            what="预告、讲解、体验分享、限时开售、答疑、解散。",
            where="微信群。",
            when="第 1 天破冰与预告，第 2 天讲解，第 3 天体验分享，第 4 天开售，第 5 天返场并解散。",
            who="操盘手、讲解、客服、氛围（真实老用户）；目标成员是主动报名的人。",
            how="报名页入群；按小时的流程表推进；结束后发放售后入口。",
            how_much="每群 3 人 × 5 天；优惠成本不超过成交额的 10%。",
        ),
        structure="pyramid",
        persona=Persona(interests="对本次活动或新品有明确兴趣"),
        content=Content(
            form="倒计时、讲解、真实反馈、开售", tone="紧凑、清楚、不制造虚假紧张", schedule="按 5 天流程表"
        ),
        service_standard="活动期间 10 分钟内回应；售后入口在解散前公布并长期有效。",
        monetisation=Monetisation(product="限时组合、首发价"),
        costs=[Cost(item="活动人力", monthly=150_000), Cost(item="赠品", monthly=100_000)],
    ),
    identity=CommunityIdentity(
        slogan="五天，一件事",
        poster="限时活动群：五天后准时解散，售后长期有效。",
        vocabulary=[
            Term(word="返场", meaning="最后一天的补购机会"),
            Term(word="毕业", meaning="到期解散"),
        ],
        rituals=["破冰接龙", "开售倒计时", "毕业致谢"],
        reception=Reception(
            welcome="欢迎 {nickname}！本群 5 天后解散，流程看公告。今天先来接龙破冰～",
            introduction=["称呼", "最想了解什么"],
            steps=["看流程表", "参加破冰接龙", "预约开售提醒"],
            opens=time(8),
            closes=time(23),
        ),
    ),
    gates=(Gate("action", _("填写报名页"), {"action": "registered"}),),
    calendar=(),
    targets=(
        Target("conversion_rate", _("群内转化率"), 0.2, "whole"),
        Target("participation_rate", _("参与率"), 0.5, "whole"),
        Target("churn_rate", _("中途退群率"), 0.15, "whole", at_most=True),
    ),
)
