"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.shop import (
    coupon_editing,
    coupons,
    mall,
    mall_editing,
    order_editing,
    orders,
    product,
    product_editing,
    products,
    refusals,
)

refusals.install()

urlpatterns = [
    path("products/", products.products, name="products"),
    path("products/new/", product_editing.new, name="new-product"),
    path("products/import/", product_editing.bring_in, name="import-products"),
    path("products/export/", product_editing.export, name="export-products"),
    path("products/<str:product>/", product.product, name="product"),
    path("products/<str:product>/edit/", product_editing.edit, name="edit-product"),
    path("products/<str:product>/price/", product.price, name="product-price"),
    path("products/<str:product>/buyers/", product.buyers, name="product-buyers"),
    path("products/<str:product>/stock/", product.stock, name="product-stock"),
    path("products/<str:product>/variants/new/", product_editing.new_variant, name="new-variant"),
    path("products/<str:product>/variants/<int:variant_id>/", product_editing.variant, name="variant"),
    path("products/<str:product>/variants/<int:variant_id>/stock/", product_editing.change_stock, name="variant-stock"),
    path("products/<str:product>/variants/<int:variant_id>/offers/new/", product_editing.new_offer, name="new-offer"),
    path("products/<str:product>/offers/<int:offer_id>/delete/", product_editing.remove_offer, name="delete-offer"),
    path("coupons/", coupons.coupons, name="coupons"),
    path("coupons/new/", coupon_editing.new, name="new-coupon"),
    path("coupons/<str:template>/", coupons.coupon, name="coupon"),
    path("coupons/<str:template>/holders/", coupons.holders, name="coupon-holders"),
    path("coupons/<str:template>/edit/", coupon_editing.edit, name="edit-coupon"),
    path("coupons/<str:template>/give/", coupon_editing.give, name="give-coupon"),
    path("coupons/<str:template>/claim/", coupon_editing.claim, name="claim-code"),
    path("coupons/<str:template>/segment/", coupon_editing.give_to_segment, name="give-coupon-to-segment"),
    path("coupons/<str:template>/codes/", coupon_editing.make_codes, name="make-codes"),
    path("coupons/<str:template>/codes/<int:batch_id>/", coupon_editing.export_codes, name="export-codes"),
    path("coupons/<str:template>/rules/", coupon_editing.new_rule, name="new-coupon-rule"),
    path("coupons/<str:template>/rules/<int:rule_id>/stop/", coupon_editing.stop_rule, name="stop-coupon-rule"),
    path("coupons/<str:template>/coupons/<int:coupon_id>/withdraw/", coupon_editing.withdraw, name="withdraw-coupon"),
    path("orders/", orders.orders, name="orders"),
    path("orders/new/", order_editing.new, name="new-order"),
    path("orders/<str:order>/", orders.order, name="order"),
    path("orders/<str:order>/pay/", order_editing.pay, name="pay-order"),
    path("orders/<str:order>/close/", order_editing.close, name="close-order"),
    path("orders/<str:order>/refund/", order_editing.refund, name="refund-order"),
    path("mall/", mall.mall, name="mall"),
    path("mall/new/", mall_editing.new, name="new-mall-item"),
    path("mall/redemptions/", mall.fulfilment, name="redemptions"),
    path("mall/redemptions/export/", mall_editing.export, name="export-shipping"),
    path("mall/redemptions/import/", mall_editing.bring_in, name="import-shipping"),
    path("mall/redemptions/<str:redemption>/", mall.redemption, name="redemption"),
    path("mall/redemptions/<str:redemption>/ship/", mall_editing.ship, name="ship-redemption"),
    path("mall/redemptions/<str:redemption>/finish/", mall_editing.finish, name="finish-redemption"),
    path("mall/redemptions/<str:redemption>/back/", mall_editing.take_back, name="take-back-redemption"),
    path("mall/<str:item>/", mall.item, name="mall-item"),
    path("mall/<str:item>/edit/", mall_editing.edit, name="edit-mall-item"),
    path("mall/<str:item>/stock/", mall_editing.change_stock, name="mall-item-stock"),
    path("mall/<str:item>/redeem/", mall_editing.redeem, name="redeem-mall-item"),
]
