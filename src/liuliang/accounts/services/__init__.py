"""Every change that staff make to their own account, to ownership, and through links of their own.

What one person does to another needs to know where each may act: that is `liuliang.people.staffing`.
"""
