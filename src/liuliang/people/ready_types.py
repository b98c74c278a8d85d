"""Ready types whose members come for a brand, to learn, for a person or for a hobby."""

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

BRAND = CommunityType(
    key="brand",
    title=_("品牌粉丝群"),
    icon="heart",
    summary=_("围绕产品和品牌，让用过的人留下来、说出来、带人来。"),
    size_limit=300,
    house_rules="""1. 分享真实的使用体验，好的坏的都欢迎；不编造、不攻击。
2. 不发与本品牌和生活方式无关的广告、拼单和外部链接。
3. 产品问题请 @客服，30 分钟内回应；不在群里公布订单号、手机号和地址。
4. 晒单和照片可能被品牌转载，转载前会征得本人同意并署名。
5. 违反一次提醒，两次禁言一天，三次移出；对处理有异议可以私信群主。""",
    blueprint=Blueprint(
        goal="让买过的人变成愿意复购和推荐的人：90 天留存率 60%，每月 15% 的成员晒单或推荐过。",
        purpose=Purpose(
            why="公域获客越来越贵，老用户的复购与口碑是最稳的增长来源。",
            what="新品内测、使用技巧、晒单共创、会员日，以及直接的产品反馈通道。",
            where="企业微信群或微信群；内容沉淀在公众号和素材库。",
            when="工作日每天一个固定话题，每周五会员福利，每月一次新品共创。",
            who="群主是品牌方产品或用户运营；核心粉丝担任体验官。目标成员是最近 180 天买过的人。",
            how="下单后由包裹卡和客服引导入群；新人 7 天内完成一次介绍和一次晒单。",
            how_much="每群每周 5 小时运营；福利预算不超过群内成交额的 3%。",
        ),
        structure="ring",
        persona=Persona(age="22–40 岁", interests="注重品质，愿意尝试新品、愿意分享"),
        content=Content(
            form="实拍图、短视频、使用教程、投票",
            tone="像懂产品的朋友，不端着，不喊口号",
            schedule="周一使用技巧，周三用户故事，周五会员福利，每月 18 日新品共创",
        ),
        service_standard="9:00–21:00 提问 30 分钟内首次回应；产品问题 24 小时内给出方案；承诺的事公开跟进到完成。",
        monetisation=Monetisation(product="会员日专享价、新品首发、周边", service="延保、以旧换新、专属客服"),
        costs=[Cost(item="运营人力", monthly=300_000), Cost(item="福利与样品", monthly=150_000)],
    ),
    identity=CommunityIdentity(
        slogan="好东西，一起把它变得更好",
        poster="加入品牌体验官群：新品先试、问题有人答、每周五会员福利。",
        vocabulary=[
            Term(word="体验官", meaning="参与内测并提交测评的成员"),
            Term(word="开箱日", meaning="每月 18 日新品共创"),
        ],
        rituals=["新人开箱：入群第一周晒出自己的第一件", "月度体验官授牌"],
        reception=Reception(
            welcome="欢迎 {nickname}！这里是我们和老朋友聊产品的地方。先看群公告，再跟大家打个招呼吧～",
            introduction=["怎么称呼", "在用哪一款、用了多久", "最满意和最想改的一点"],
            steps=["阅读群公告", "修改群昵称：城市-称呼", "发一段自我介绍", "领取新人礼包"],
            opens=time(9),
            closes=time(21),
        ),
    ),
    gates=(
        Gate("bought", _("买过至少一次"), {"times": 1, "days": 180}),
        Gate("action", _("添加客服为好友"), {"action": "added_service"}),
    ),
    calendar=(
        Slot(1, "12:00", _("使用技巧"), _("图文")),
        Slot(3, "20:00", _("用户故事"), _("访谈")),
        Slot(5, "20:00", _("会员福利"), _("限时优惠")),
        Slot(7, "20:30", _("下周预告与投票"), _("投票")),
    ),
    targets=(
        Target("speaking_rate", _("周发言率"), 0.25),
        Target("retention_30", _("30 天留存率"), 0.8, "month"),
        Target("repurchase_rate", _("月复购率"), 0.15, "month"),
        Target("first_response_minutes", _("首次回应分钟数"), 30, "day", at_most=True),
    ),
)

LEARNING = CommunityType(
    key="learning",
    title=_("学习成长群"),
    icon="school",
    summary=_("用课程、打卡和互相点评，帮成员把一件事学会。"),
    size_limit=200,
    house_rules="""1. 按时打卡，请假在当天 22:00 前说明；连续三天未打卡会收到提醒。
2. 提问前先搜群公告和精华；提问写清背景、试过什么、卡在哪里。
3. 点评对事不对人：先说优点，再给一条能做到的建议。
4. 课程资料仅限群内学习，不外传、不转卖。
5. 不发广告、不私加群友推销，发现一次移出。""",
    blueprint=Blueprint(
        goal="每期完课率 60%，结营后 30% 的学员报名下一阶段。",
        purpose=Purpose(
            why="一个人学容易放弃，一群人学有节奏、有反馈、有榜样。",
            what="分阶段课程、每日打卡、作业点评、答疑、结营展示。",
            where="微信群 + 课程平台；作业与精华沉淀在群文档。",
            when="开营 → 每日打卡 → 每周直播答疑 → 结营。",
            who="讲师、助教（每 50 人一名）、班委；目标成员是有明确学习目标的新手和进阶者。",
            how="按初、中、高分班；小组长带 8–10 人小组；每周公布进度榜。",
            how_much="每班 1 名讲师每周 3 小时，2 名助教每天 1 小时。",
        ),
        structure="pyramid",
        persona=Persona(age="20–40 岁", education="不限", interests="有学习目标，能每天投入 30 分钟"),
        content=Content(
            form="课程、打卡、作业、直播答疑",
            tone="认真、鼓励、具体",
            schedule="每天 7:00 任务，21:00 点评；周三直播答疑；周日复盘",
        ),
        service_standard="作业 24 小时内点评；提问 4 小时内有助教回应；请假与补卡规则公开一致。",
        monetisation=Monetisation(content="进阶课程、教材", service="一对一点评、陪跑"),
        costs=[Cost(item="讲师与助教", monthly=800_000), Cost(item="平台与奖品", monthly=100_000)],
    ),
    identity=CommunityIdentity(
        slogan="一个人走得快，一群人走得远",
        poster="21 天学会一件事：每天 30 分钟，有人带、有人改、有人陪。",
        vocabulary=[
            Term(word="交作业", meaning="提交当日练习"),
            Term(word="补卡", meaning="48 小时内补交，每期最多三次"),
        ],
        rituals=["开营宣誓与目标公示", "每周进步榜", "结营展示与证书"],
        reception=Reception(
            welcome="欢迎 {nickname} 同学！请先填学习目标，助教会把你分到合适的小组。",
            introduction=["称呼和城市", "现在的水平", "这一期想达到的目标", "每天能投入的时间"],
            steps=["填写入学问卷", "加入小组", "写下目标", "完成第一次打卡"],
            opens=time(7),
            closes=time(22),
        ),
    ),
    gates=(
        Gate("form", _("填写学习目标"), {"questions": ["现在的水平", "想达到的目标", "每天能投入多少时间"]}),
        Gate("quiz", _("分班测验"), {"questions": 5, "pass": 0}),
    ),
    calendar=(
        *(Slot(day, "07:00", _("今日任务"), _("打卡")) for day in range(1, 7)),
        Slot(3, "20:00", _("直播答疑"), _("直播")),
        Slot(7, "20:00", _("一周复盘与进步榜"), _("榜单")),
    ),
    targets=(
        Target("completion_rate", _("完课率"), 0.6, "whole"),
        Target("participation_rate", _("日打卡率"), 0.6, "day"),
        Target("speaking_rate", _("周发言率"), 0.5),
        Target("churn_rate", _("月流失率"), 0.1, "month", at_most=True),
    ),
)

KOL = CommunityType(
    key="kol",
    title=_("达人 IP 群"),
    icon="star",
    summary=_("以一个人为中心，让追随者互相认识，把关注变成信任。"),
    size_limit=500,
    house_rules="""1. 尊重主理人和每一位群友，不造谣、不拉踩、不人肉。
2. 不冒充主理人或工作人员；涉及转账一律以官方公告为准。
3. 直播和内容的录屏不外传。
4. 自荐与合作请走报名入口，不在群里刷屏。
5. 违规先提醒，再次移出；冒充与诈骗立即移出并公示。""",
    blueprint=Blueprint(
        goal="把内容平台的粉丝沉淀为 1,000 名能叫出名字的核心成员。",
        purpose=Purpose(
            why="平台算法会变，和粉丝的直接联系不会。",
            what="独家内容、直播预告与回放、问答、线下见面、联名产品。",
            where="企业微信群为主，短视频和公众号引流。",
            when="每周一次主理人在线，每次直播前后各一次互动。",
            who="主理人、内容助理、粉丝班委；目标成员是看过三次以上内容的粉丝。",
            how="内容结尾与直播间引导入群；班委带话题，主理人定期出现。",
            how_much="主理人每周 2 小时，助理每天 2 小时。",
        ),
        structure="pyramid",
        persona=Persona(interests="认同主理人的观点和生活方式"),
        content=Content(
            form="语音、短视频、直播、手记",
            tone="第一人称，真实、有观点",
            schedule="周二手记，周四主理人在线，直播日预告与回放",
        ),
        service_standard="直播预告提前 24 小时；主理人问答每周至少回复 10 条；售后由客服专人处理。",
        monetisation=Monetisation(product="联名与自有品牌", content="专栏、付费直播", service="咨询、见面会"),
        costs=[Cost(item="内容助理", monthly=500_000), Cost(item="见面会分摊", monthly=200_000)],
    ),
    identity=CommunityIdentity(
        slogan="离得更近一点",
        poster="加入主理人的群：先看到、问得到、见得到。",
        vocabulary=[
            Term(word="手记", meaning="主理人每周二的短文"),
            Term(word="家人见面", meaning="季度线下见面会"),
        ],
        rituals=["主理人点名：每周念三位成员的故事", "入群周年徽章"],
        reception=Reception(
            welcome="{nickname} 来啦！先看看本周手记，周四晚上主理人在群里等你提问。",
            introduction=["称呼", "从哪里认识主理人", "最喜欢的一条内容", "想问主理人的一个问题"],
            steps=["看群公告", "自我介绍", "预约下一场直播"],
            opens=time(10),
            closes=time(22),
        ),
    ),
    gates=(
        Gate("action", _("关注账号"), {"action": "followed"}),
        Gate("form", _("从哪里认识主理人"), {"questions": ["从哪里认识主理人", "最喜欢的内容"]}),
    ),
    calendar=(
        Slot(2, "20:00", _("主理人手记"), _("短文")),
        Slot(4, "20:30", _("主理人在线"), _("问答")),
        Slot(6, "19:30", _("直播预热"), _("预告")),
    ),
    targets=(
        Target("speaking_rate", _("周发言率"), 0.2),
        Target("participation_rate", _("直播到场率"), 0.3),
        Target("conversion_rate", _("月转化率"), 0.08, "month"),
        Target("retention_30", _("30 天留存率"), 0.75, "month"),
    ),
)

INTEREST = CommunityType(
    key="interest",
    title=_("兴趣同好群"),
    icon="ball-volleyball",
    summary=_("因为同一个爱好聚在一起，靠成员自己玩起来。"),
    size_limit=200,
    house_rules="""1. 聊兴趣，少聊无关话题；争论可以，不人身攻击。
2. 转发注明出处，原创作品未经同意不外传。
3. 约活动请写清时间、地点、费用和注意安全；费用多退少补，公开账目。
4. 二手交换自愿、诚信，纠纷可请管理员调解。
5. 不发广告；连续违规由管理员投票移出。""",
    blueprint=Blueprint(
        goal="周发言率 40%，每月至少一次成员自发的活动。",
        purpose=Purpose(
            why="爱好需要同伴，也需要被看见。",
            what="作品分享、主题讨论、约活动、互助问答、二手交换。",
            where="微信、QQ 或 Telegram 群，作品沉淀到相册和精华。",
            when="每周一个主题，每月一次线下或线上活动。",
            who="群主是资深爱好者；达人轮值带话题。目标成员是认真玩的新手和老手。",
            how="老成员邀请加入；新人带一件作品或一个问题来。",
            how_much="管理员志愿，每周 2 小时；活动 AA。",
        ),
        structure="ring",
        persona=Persona(interests="同一项爱好，愿意分享和帮助新手"),
        content=Content(
            form="照片、作品、讨论、教程", tone="轻松、专业、互相捧场", schedule="周一主题发布，周五晒作品，周末约活动"
        ),
        service_standard="新人提问 2 小时内有人接；活动信息提前一周公布。",
        monetisation=Monetisation(product="团购器材", service="付费活动与培训"),
        costs=[Cost(item="活动与奖品", monthly=50_000)],
    ),
    identity=CommunityIdentity(
        slogan="认真玩，一起玩",
        poster="找到同好：每周一个主题，每月一次活动。",
        vocabulary=[Term(word="交作业", meaning="按本周主题晒出作品")],
        rituals=["周五晒作品", "月度最佳作品投票", "年度同好大会"],
        reception=Reception(
            welcome="欢迎 {nickname}！带着作品来，或者带着问题来，都会有人接住。",
            introduction=["称呼和城市", "玩了多久", "最得意的一件作品", "想学什么"],
            steps=["看群规", "自我介绍", "参加本周主题"],
            opens=time(10),
            closes=time(22),
        ),
    ),
    gates=(Gate("invitation", _("由成员邀请或管理员同意"), {"by": "member"}),),
    calendar=(
        Slot(1, "20:00", _("本周主题"), _("话题")),
        Slot(5, "20:00", _("晒作品"), _("图片")),
        Slot(6, "09:00", _("约活动"), _("接龙")),
    ),
    targets=(
        Target("speaking_rate", _("周发言率"), 0.4),
        Target("retention_30", _("30 天留存率"), 0.85, "month"),
        Target("events", _("月活动次数"), 1, "month"),
    ),
)
