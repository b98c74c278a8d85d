"""What refusals about accounts say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what fields of the audit log are called."""
    history.name_fields({"added": _("新增"), "changed": _("更新")})
    errors.declare(
        {
            "signin.wrong": _("邮箱或密码不对。"),
            "signin.slow_down": _("尝试次数太多，请 {minutes} 分钟后再试。"),
            "second_factor.wrong_code": _("验证码不对，或者已经用过。请等手机上出现新的验证码再试。"),
            "second_factor.is_on": _("两步验证已经开启。"),
            "second_factor.is_off": _("两步验证没有开启。"),
            "setup.done": _("已经有员工账号了，请直接登录。"),
            "setup.link_invalid": _("这个链接不对或已过期。请在服务器上重新运行 liuliang up，打开它显示的新链接。"),
            "link.invalid": _("这个链接已经用过、过期或被新的链接取代。请向给你链接的人要一个新的。"),
            "password.weak": _("这个密码不够安全：{reasons}"),
            "password.wrong": _("当前密码不对。"),
            "owner.only_owners": _("只有所有者能这样做。"),
            "owner.last": _("这是最后一位所有者。请先把另一位员工设为所有者。"),
            "staff.not_active": _("{name} 已停用。请先恢复账号。"),
            "staff.not_joined": _("{name} 还没有接受邀请。"),
            "staff.has_joined": _("{name} 已经接受邀请，不需要新的邀请链接。"),
            "staff.is_owner": _("{name} 是所有者。请先取消其所有者身份。"),
            "staff.is_oneself": _("不能对自己这样做。"),
            "staff.deactivated": _("这个邮箱的账号已停用。请先恢复账号。"),
            "staff.beyond_you": _("{name} 的权限超出你能管理的范围，请让所有者来做。"),
            "grant.beyond_you": _("角色“{role}”里有你自己没有的权限，或者不在你负责的社群里，所以你不能授予它。"),
            "key.name": _("请给密钥起个名字。"),
            "key.permissions": _("请至少勾一项。"),
            "key.beyond_you": _("勾选的里面有你在那里没有的权限，或者只对“全部社群”有效的权限。请改范围，或少勾几项。"),
            "role.beyond_you": _("不能增减你自己没有的权限。"),
            "role.built_in": _("内置角色不能删除，但可以修改它的权限。"),
            "role.in_use": _("还有 {count} 处授予了这个角色，收回后才能删除。"),
            "role.name_taken": _("已经有叫“{name}”的角色了。"),
        }
    )
