-- oldest binary: 0.1.0
-- Amazon: orders, inventory, financial events and claims, and its users' sync_progress.

-- ---- orders ----

-- What readers' numeric(10, 2) holds once it is rounded.
create function amazon_claim_fits(p_amount numeric) returns boolean language sql immutable parallel safe
return abs(round(p_amount, 2)) < 100000000;

-- Every amount below these paths, added up exactly; null when there is none.
create function amazon_money(p_event jsonb, p_path jsonpath) returns numeric language sql immutable parallel safe
return (select sum((m.amount #>> '{}')::numeric) from jsonb_path_query(p_event, p_path) as m(amount)
    where jsonb_typeof(m.amount) = 'number' or m.amount #>> '{}' ~ '^-?\d+(\.\d+)?$');

-- Whether amazon_order_items can read the items that an order of the newer API has inside.
create function amazon_items_fit(p_order jsonb) returns boolean language sql immutable parallel safe
return not exists (select from jsonb_path_query(p_order, '$.orderItems[*]') as n(item)
    where n.item ->> 'quantityOrdered' !~ '^-?\d{1,18}$' or n.item #>> '{fulfillment,quantityFulfilled}' !~ '^-?\d{1,18}$'
        or exists (select from jsonb_path_query(n.item, '$.proceeds.breakdowns[*].subtotal.amount') as b(amount)
            where b.amount #>> '{}' !~ '^-?\d+(\.\d+)?$'));

-- Both API lines fill this table. What they say differently is kept as it came (`amazon_status`, `network`, the payload) and
-- read in one way: the states of Orders v0, and FBA or FBM.
create table amazon_order_records (
  connection_id uuid not null,
  tenant_id uuid not null,
  id text collate "C" not null,
  purchase_date timestamptz not null,
  last_update_date timestamptz not null,
  amazon_status text not null,
  network text,
  sales_channel text,
  marketplace_id text,
  order_total numeric,
  currency text,
  payment_method text,
  ship_service_level text,
  order_type text,
  earliest_ship_date timestamptz,
  latest_ship_date timestamptz,
  earliest_delivery_date timestamptz,
  latest_delivery_date timestamptz,
  replaced_order_id text,
  payload jsonb not null,
  order_status text generated always as (case amazon_status
      when 'PENDING_AVAILABILITY' then 'PendingAvailability' when 'PENDING' then 'Pending' when 'UNSHIPPED' then 'Unshipped'
      when 'PARTIALLY_SHIPPED' then 'PartiallyShipped' when 'SHIPPED' then 'Shipped' when 'CANCELLED' then 'Canceled'
      when 'UNFULFILLABLE' then 'Unfulfillable' else amazon_status end) stored,
  fulfillment_channel text generated always as (case network
      when 'AFN' then 'FBA' when 'AMAZON' then 'FBA' when 'MFN' then 'FBM' when 'MERCHANT' then 'FBM' else network end) stored,
  seller_order_id text generated always as (coalesce(payload ->> 'SellerOrderId', jsonb_path_query_first(payload,
      '$.orderAliases[*] ? (@.aliasType == "SELLER_ORDER_ID").aliasId') #>> '{}')) stored,
  items_shipped bigint generated always as (coalesce((payload ->> 'NumberOfItemsShipped')::bigint,
      amazon_money(payload, '$.orderItems[*].fulfillment.quantityFulfilled')::bigint)) stored,
  items_unshipped bigint generated always as (coalesce((payload ->> 'NumberOfItemsUnshipped')::bigint,
      amazon_money(payload, '$.orderItems[*].fulfillment.quantityUnfulfilled')::bigint)) stored,
  is_prime boolean generated always as (coalesce((payload ->> 'IsPrime')::boolean, payload -> 'programs' ? 'PRIME')) stored,
  is_business_order boolean generated always as (coalesce((payload ->> 'IsBusinessOrder')::boolean,
      payload -> 'programs' ? 'AMAZON_BUSINESS')) stored,
  is_premium_order boolean generated always as (coalesce((payload ->> 'IsPremiumOrder')::boolean,
      payload -> 'programs' ? 'PREMIUM')) stored,
  is_replacement_order boolean generated always as (coalesce((payload ->> 'IsReplacementOrder')::boolean,
      jsonb_path_exists(payload, '$.associatedOrders[*] ? (@.associationType like_regex "^REPLACEMENT")'))) stored,
  content_hash bigint not null,
  first_seen_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (connection_id, id),
  check (amazon_items_fit(payload))
);
create index amazon_order_records_by_date on amazon_order_records (tenant_id, purchase_date desc, id);

-- Of Orders v0, where each order's items are asked for alone. The newer API's are in their orders: amazon_order_items.
create table amazon_order_item_records (
  connection_id uuid not null,
  tenant_id uuid not null,
  id text collate "C" not null,
  order_id text collate "C" not null,
  asin text not null,
  seller_sku text,
  title text,
  quantity_ordered bigint not null,
  quantity_shipped bigint,
  number_of_items bigint,
  item_price numeric,
  currency text,
  item_tax numeric,
  shipping_price numeric,
  shipping_tax numeric,
  promotion_discount numeric,
  condition text,
  is_gift boolean,
  payload jsonb not null,
  content_hash bigint not null,
  first_seen_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (connection_id, id)
);
create index amazon_order_item_records_by_order on amazon_order_item_records (connection_id, order_id);

-- ---- inventory ----

create table amazon_inventory_summaries (
  connection_id uuid not null,
  tenant_id uuid not null,
  id text collate "C" not null,
  marketplace_id text not null,
  seller_sku varchar(255) not null,
  asin varchar(255),
  fnsku varchar(255),
  product_name varchar(500),
  condition varchar(50),
  quantity_total bigint check (quantity_total between -2147483648 and 2147483647),
  quantity_fulfillable bigint check (quantity_fulfillable between -2147483648 and 2147483647),
  quantity_inbound_working bigint check (quantity_inbound_working between -2147483648 and 2147483647),
  quantity_inbound_shipped bigint check (quantity_inbound_shipped between -2147483648 and 2147483647),
  quantity_inbound_receiving bigint check (quantity_inbound_receiving between -2147483648 and 2147483647),
  quantity_reserved bigint check (quantity_reserved between -2147483648 and 2147483647),
  quantity_reserved_customer_orders bigint check (quantity_reserved_customer_orders between -2147483648 and 2147483647),
  quantity_reserved_transshipment bigint check (quantity_reserved_transshipment between -2147483648 and 2147483647),
  quantity_reserved_processing bigint check (quantity_reserved_processing between -2147483648 and 2147483647),
  quantity_researching bigint check (quantity_researching between -2147483648 and 2147483647),
  quantity_unfulfillable bigint check (quantity_unfulfillable between -2147483648 and 2147483647),
  last_updated_time timestamptz,
  payload jsonb not null,
  content_hash bigint not null,
  first_seen_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (connection_id, id)
);

-- ---- money ----

-- `id` is the event's position: Amazon's financial events have no identity, and equal ones may both be true.
-- (window_from, walk) say which reading of which window it is of: see 0014.
create table amazon_financial_events (
  connection_id uuid not null,
  tenant_id uuid not null,
  id text collate "C" not null,
  window_from timestamptz not null,
  walk bigint not null,
  event_list text not null,
  posted_date timestamptz,
  order_id text collate "C",
  seller_order_id text,
  marketplace_name text,
  event_type text,
  payload jsonb not null,
  content_hash bigint not null,
  first_seen_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (connection_id, id)
);

-- What Finances 2024-06-19 calls a transaction: it has an id.
create table amazon_transactions (
  connection_id uuid not null,
  tenant_id uuid not null,
  id text collate "C" not null,
  posted_date timestamptz not null,
  transaction_type text,
  transaction_status text,
  description text,
  marketplace_id text,
  total_amount numeric,
  currency text,
  payload jsonb not null,
  content_hash bigint not null,
  first_seen_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (connection_id, id)
);

-- ---- claims ----

-- What is a claim, and of which type. A claim is money between the seller and Amazon that is not a plain sale or fee:
--
--   from (Finances v0)                          type                                     claim_id
--   AdjustmentEventList                         its AdjustmentType in snake case         RMB-, or FEE- when that speaks of
--     but for reserves, paid postage, rewards                                            fees or of postage paid back
--   SAFETReimbursementEventList                 safet_reimbursement                      RMB-<SAFETClaimId>
--   FBALiquidationEventList                     liquidation_reimbursement                RMB-
--   EBTRefundReimbursementOnlyEventList         refund_reimbursement                     RMB-
--   TDSReimbursementEventList                   tds_reimbursement                        RMB-<TDSOrderId>
--   RefundEventList                             refund                                   RFD-
--   GuaranteeClaimEventList                     guarantee_claim                          CBK-
--   ChargebackEventList                         chargeback                               CBK-
--   ChargeRefundEventList                       charge_refund                            FEE-
--   ShipmentEventList with fees adjusted        fee_adjustment                           FEE-
--   ServiceFeeEventList with money back         service_fee_adjustment                   FEE-
--
-- Transactions of Finances 2024-06-19 go by the words in transactionType and description, in this order: chargeback,
-- guarantee claim, SAFE-T, liquidation, clawback or reversal, reimbursement, refund, adjusted fees.
--
-- claim_id is the prefix and Amazon's own number, or where there is none the event's fingerprint (of its content, not of its
-- place: it stays when a window is read again), then -2, -3, … for further events alike in the order of their dates.
--
-- amount is what the seller's balance gained by it, so what was paid back to a buyer is below 0; exact decimals as Amazon
-- wrote them, rounded to cents to read.
--
-- status: denied when a reimbursement came to nothing or was taken back; pending while Amazon defers it or will post it
-- later; approved otherwise. An event without a date (service fees have none) has that of its window's beginning.

create function amazon_snake_case(p_name text) returns text language sql immutable parallel safe
return lower(regexp_replace(regexp_replace(p_name, '([A-Z]+)([A-Z][a-z])', '\1_\2', 'g'), '([a-z0-9])([A-Z])', '\1_\2', 'g'));

create function amazon_claim_amount(p_list text, p_event jsonb) returns numeric language sql immutable parallel safe
return case p_list
    when 'AdjustmentEventList' then amazon_money(p_event, '$.AdjustmentAmount.CurrencyAmount')
    when 'SAFETReimbursementEventList' then amazon_money(p_event, '$.ReimbursedAmount.CurrencyAmount')
    when 'TDSReimbursementEventList' then amazon_money(p_event, '$.ReimbursedAmount.CurrencyAmount')
    when 'EBTRefundReimbursementOnlyEventList' then amazon_money(p_event, '$.Amount.CurrencyAmount')
    -- the documentation subtracts the fee, and it comes with either sign
    when 'FBALiquidationEventList' then amazon_money(p_event, '$.LiquidationProceedsAmount.CurrencyAmount')
        - abs(coalesce(amazon_money(p_event, '$.LiquidationFeeAmount.CurrencyAmount'), 0))
    when 'ChargeRefundEventList' then amazon_money(p_event, '$.ChargeRefundTransactions[*].ChargeAmount.CurrencyAmount')
    when 'ServiceFeeEventList' then amazon_money(p_event, '$.FeeList[*].FeeAmount.CurrencyAmount')
    when 'ShipmentEventList' then (select sum(f.amount) from (values
        (amazon_money(p_event, 'strict $.**.ShipmentFeeAdjustmentList[*].FeeAmount.CurrencyAmount')),
        (amazon_money(p_event, 'strict $.**.OrderFeeAdjustmentList[*].FeeAmount.CurrencyAmount')),
        (amazon_money(p_event, 'strict $.**.ItemFeeAdjustmentList[*].FeeAmount.CurrencyAmount'))) as f(amount))
    -- what buyers pay beside the seller's balance, and points, are no money of his
    else amazon_money(p_event - 'DirectPaymentList', 'strict $.**.CurrencyAmount')
        - coalesce(amazon_money(p_event, 'strict $.**.CostOfPointsGranted.CurrencyAmount'), 0)
        - coalesce(amazon_money(p_event, 'strict $.**.CostOfPointsReturned.CurrencyAmount'), 0) end;

create function amazon_claim_type(p_list text, p_event jsonb) returns text language sql immutable parallel safe
return case p_list
    when 'AdjustmentEventList' then case
        when p_event ->> 'AdjustmentType' ~* '^(reserve|postagebilling|sellerrewards|buyerrecharge)' then null
        else coalesce(amazon_snake_case(p_event ->> 'AdjustmentType'), 'adjustment') end
    when 'SAFETReimbursementEventList' then 'safet_reimbursement'
    when 'FBALiquidationEventList' then 'liquidation_reimbursement'
    when 'EBTRefundReimbursementOnlyEventList' then 'refund_reimbursement'
    when 'TDSReimbursementEventList' then 'tds_reimbursement'
    when 'RefundEventList' then 'refund'
    when 'GuaranteeClaimEventList' then 'guarantee_claim'
    when 'ChargebackEventList' then 'chargeback'
    when 'ChargeRefundEventList' then 'charge_refund'
    when 'ShipmentEventList' then case
        when amazon_claim_amount(p_list, p_event) is not null then 'fee_adjustment' end
    when 'ServiceFeeEventList' then case
        when amazon_claim_amount(p_list, p_event) > 0 then 'service_fee_adjustment' end end;

create function amazon_transaction_claim_type(p_type text, p_description text) returns text language sql immutable parallel safe
return case
    when concat_ws(' ', p_type, p_description) ~* 'charge ?back' then 'chargeback'
    when concat_ws(' ', p_type, p_description) ~* 'guarantee' then 'guarantee_claim'
    when concat_ws(' ', p_type, p_description) ~* 'safe-?t' then 'safet_reimbursement'
    when concat_ws(' ', p_type, p_description) ~* 'liquidation' then 'liquidation_reimbursement'
    when concat_ws(' ', p_type, p_description) ~* 'clawback|reversal' then 'reimbursement_clawback'
    when concat_ws(' ', p_type, p_description) ~* 'reimburse' then 'reimbursement'
    when p_type ~* 'retro ?charge' then null
    when concat_ws(' ', p_type, p_description) ~* 'refund' then 'refund'
    when concat_ws(' ', p_type, p_description) ~* 'fee.*(adjust|correct)|(adjust|correct).*fee' then 'fee_adjustment' end;

create function amazon_claim_prefix(p_type text) returns text language sql immutable parallel safe
return case
    when p_type = 'refund' then 'RFD-'
    when p_type in ('chargeback', 'guarantee_claim') then 'CBK-'
    when p_type in ('charge_refund', 'postage_refund') or p_type ~ '(^|_)fees?(_|$)' then 'FEE-'
    else 'RMB-' end;

create function amazon_claim_words(p_type text, p_detail text) returns text language sql immutable parallel safe
return initcap(replace(p_type, '_', ' ')) || coalesce(': ' || p_detail, '');

-- Computed once, when an event is stored. What readers' columns do not hold is quarantined, never cut; claim_key leaves room for
-- the number behind it.
alter table amazon_financial_events
    add claim_type text generated always as (amazon_claim_type(event_list, payload)) stored,
    add claim_amount numeric generated always as (case when amazon_claim_type(event_list, payload) is not null
        then coalesce(amazon_claim_amount(event_list, payload), 0) end) stored check (amazon_claim_fits(claim_amount)),
    add claim_currency text generated always as (case when amazon_claim_type(event_list, payload) is not null
        then jsonb_path_query_first(payload, 'strict $.**.CurrencyCode') #>> '{}' end) stored,
    add claim_key text collate "C" generated always as (case when amazon_claim_type(event_list, payload) is not null
        then amazon_claim_prefix(amazon_claim_type(event_list, payload))
            || coalesce(payload ->> 'SAFETClaimId', payload ->> 'TDSOrderId', left(md5(payload::text), 16)) end) stored,
    add claim_description text generated always as (case when amazon_claim_type(event_list, payload) is not null
        then amazon_claim_words(amazon_claim_type(event_list, payload), coalesce(payload ->> 'ReasonCodeDescription',
            payload ->> 'ReasonCode', payload ->> 'FeeDescription', payload ->> 'FeeReason',
            payload #>> '{AdjustmentItemList,0,ProductDescription}',
            payload #>> '{SAFETReimbursementItemList,0,productDescription}')) end) stored,
    add constraint amazon_financial_events_width_check check (claim_type is null or coalesce(length(claim_key), 0) <= 240
        and length(claim_type) <= 100 and coalesce(length(claim_currency), 0) <= 10 and coalesce(length(order_id), 0) <= 255);
alter table amazon_transactions
    add order_id text generated always as (jsonb_path_query_first(payload,
        '$.relatedIdentifiers[*] ? (@.relatedIdentifierName == "ORDER_ID").relatedIdentifierValue') #>> '{}') stored,
    -- a deferred transaction that this one releases: they are one claim
    add releases text generated always as (jsonb_path_query_first(payload,
        '$.relatedIdentifiers[*] ? (@.relatedIdentifierName == "DEFERRED_TRANSACTION_ID").relatedIdentifierValue') #>> '{}') stored,
    add claim_type text generated always as (amazon_transaction_claim_type(transaction_type, description)) stored,
    add claim_key text collate "C" generated always as (amazon_claim_prefix(amazon_transaction_claim_type(transaction_type, description))
        || coalesce(jsonb_path_query_first(payload,
        '$.relatedIdentifiers[*] ? (@.relatedIdentifierName == "DEFERRED_TRANSACTION_ID").relatedIdentifierValue') #>> '{}', id)) stored,
    add claim_description text generated always as (amazon_claim_words(
        amazon_transaction_claim_type(transaction_type, description), description)) stored,
    add constraint amazon_transactions_claim_check
        check (claim_type is null or coalesce(amazon_claim_fits(total_amount), true)),
    add constraint amazon_transactions_width_check check (claim_type is null or coalesce(length(claim_key), 0) <= 240
        and coalesce(length(currency), 0) <= 10 and coalesce(length(order_id), 0) <= 255);
create index amazon_financial_events_by_window on amazon_financial_events (connection_id, window_from, walk);
create index amazon_financial_events_claims on amazon_financial_events (connection_id, posted_date) where claim_type is not null;
create index amazon_transactions_claims on amazon_transactions (connection_id, posted_date) where claim_type is not null;
create index amazon_transactions_by_date on amazon_transactions (connection_id, posted_date);

do $$
declare
    v_table text;
begin
    foreach v_table in array array['amazon_order_records', 'amazon_order_item_records', 'amazon_inventory_summaries',
        'amazon_financial_events', 'amazon_transactions'] loop
        call isolate(v_table, p_forced => false);
    end loop;
end $$;

-- ---- what readers see ----

create function amazon_is_sandbox(p_settings jsonb) returns boolean language sql immutable parallel safe
return coalesce(p_settings ->> 'region' like 'sandbox%', false);

create function amazon_scenario(p_settings jsonb) returns varchar(100) language sql immutable parallel safe
return case when amazon_is_sandbox(p_settings) then 'sandbox' end;

create view amazon_orders with (security_invoker = true) as
select o.connection_id, o.tenant_id, c.owner_user_id as user_id, o.id, o.seller_order_id, o.purchase_date, o.last_update_date,
    o.order_status, o.fulfillment_channel, o.sales_channel, o.marketplace_id, o.order_total, o.currency, o.payment_method,
    o.ship_service_level, o.order_type, o.earliest_ship_date, o.latest_ship_date, o.earliest_delivery_date, o.latest_delivery_date,
    o.replaced_order_id, o.items_shipped, o.items_unshipped, o.is_prime, o.is_business_order, o.is_premium_order,
    o.is_replacement_order, o.payload, o.first_seen_at, o.synced_at, amazon_is_sandbox(c.settings) as is_mock,
    amazon_scenario(c.settings) as mock_scenario
from amazon_order_records o join connections c on c.connection_id = o.connection_id
where o.deleted_at is null;

-- Items of both API lines. An order that was read by the newer one has its items inside.
create view amazon_order_items with (security_invoker = true) as
select i.connection_id, i.tenant_id, c.owner_user_id as user_id, i.id, i.order_id, i.asin, i.seller_sku, i.title, i.quantity_ordered, i.quantity_shipped,
    i.item_price, i.currency, i.item_tax, i.shipping_price, i.shipping_tax, i.promotion_discount, i.condition, i.is_gift,
    i.payload, i.synced_at, amazon_is_sandbox(c.settings) as is_mock, amazon_scenario(c.settings) as mock_scenario
from amazon_order_item_records i join connections c on c.connection_id = i.connection_id
where i.deleted_at is null and not exists (select from amazon_order_records o
    where o.connection_id = i.connection_id and o.id = i.order_id and o.payload ? 'orderItems')
union all
select o.connection_id, o.tenant_id, o.user_id, n.item ->> 'orderItemId', o.id, n.item #>> '{product,asin}',
    n.item #>> '{product,sellerSku}', n.item #>> '{product,title}', (n.item ->> 'quantityOrdered')::bigint, (n.item #>> '{fulfillment,quantityFulfilled}')::bigint,
    p.item, n.item #>> '{proceeds,proceedsTotal,currencyCode}', p.tax, p.shipping, null::numeric, p.discount,
    n.item #>> '{product,condition,conditionType}', n.item #> '{fulfillment,packing,giftOption}' is not null, n.item, o.synced_at,
    o.is_mock, o.mock_scenario
from amazon_orders o
    cross join lateral jsonb_path_query(o.payload, '$.orderItems[*]') as n(item)
    cross join lateral (select sum(b.amount) filter (where b.type = 'ITEM') as item,
            sum(b.amount) filter (where b.type = 'TAX') as tax, sum(b.amount) filter (where b.type = 'SHIPPING') as shipping,
            sum(b.amount) filter (where b.type = 'DISCOUNT') as discount
        from (select x.one ->> 'type' as type, (x.one #>> '{subtotal,amount}')::numeric as amount
            from jsonb_path_query(n.item, '$.proceeds.breakdowns[*]') as x(one)) b) p;

-- What readers' integer holds. A stored quantity is within it; a sum over conditions and accounts that is not stops at its end.
create function amazon_quantity(p_sum numeric) returns integer language sql immutable parallel safe
return greatest(least(p_sum, 2147483647), -2147483648)::integer;

-- Each of the conditions, with a 0x1f between, once; the first of them alone when they are longer than readers' column.
create function amazon_conditions(p_conditions text) returns varchar(50) language sql immutable parallel safe
return (select case when length(string_agg(d.one, ', ' order by d.one)) <= 50 then string_agg(d.one, ', ' order by d.one) else min(d.one) end
    from (select distinct x.one collate "C" as one from unnest(string_to_array(p_conditions, E'\x1f')) as x(one)) d);

-- One row for a user's SKU. Amazon shows a stock that several marketplaces share in each of them, whole: those are not added
-- up, the marketplace with the most says it. Conditions, and accounts, are.
create view amazon_stocks with (security_invoker = true) as
select s.tenant_id, s.user_id, s.sku, max(s.asin) as asin, max(s.fnsku) as fnsku, max(s.product_name) as product_name,
    amazon_quantity(sum(s.available)) as quantity_available, amazon_quantity(sum(s.reserved)) as quantity_reserved,
    amazon_quantity(sum(s.inbound)) as quantity_inbound, amazon_quantity(sum(s.total)) as quantity_total,
    amazon_conditions(string_agg(s.conditions, E'\x1f')) as condition, max(s.synced_at) as synced_at,
    bool_or(s.is_mock) as is_mock, max(s.mock_scenario) as mock_scenario
from (
    select distinct on (m.tenant_id, m.user_id, m.connection_id, m.sku) m.*
    from (
        select i.connection_id, i.tenant_id, c.owner_user_id as user_id, i.seller_sku as sku, i.marketplace_id,
            max(i.asin) as asin, max(i.fnsku) as fnsku, max(i.product_name) as product_name,
            coalesce(sum(i.quantity_fulfillable), 0) as available, coalesce(sum(i.quantity_reserved), 0) as reserved,
            coalesce(sum(coalesce(i.quantity_inbound_working, 0) + coalesce(i.quantity_inbound_shipped, 0)
                + coalesce(i.quantity_inbound_receiving, 0)), 0) as inbound,
            coalesce(sum(i.quantity_total), 0) as total,
            string_agg(distinct i.condition, E'\x1f') as conditions, max(i.synced_at) as synced_at,
            amazon_is_sandbox(c.settings) as is_mock, amazon_scenario(c.settings) as mock_scenario
        from amazon_inventory_summaries i join connections c on c.connection_id = i.connection_id
        where i.deleted_at is null
        group by i.connection_id, i.tenant_id, c.owner_user_id, i.seller_sku, i.marketplace_id, c.settings) m
    order by m.tenant_id, m.user_id, m.connection_id, m.sku, m.total desc, m.marketplace_id) s
group by s.tenant_id, s.user_id, s.sku;

create view amazon_inventory with (security_invoker = true) as
select md5(concat_ws('/', s.tenant_id, s.user_id, s.sku))::uuid as id, s.user_id, s.sku, s.asin::varchar(255) as asin,
    s.fnsku::varchar(255) as fnsku, s.product_name::varchar(500) as product_name, s.quantity_available, s.quantity_reserved,
    s.quantity_inbound, s.quantity_total, s.condition::varchar(50) as condition, null::varchar(255) as warehouse_location,
    s.synced_at, s.is_mock, s.mock_scenario::varchar(100) as mock_scenario
from amazon_stocks s;

-- Claims of both API lines, before they are counted. Where the newer one has read, its word counts.
create view amazon_claim_sources with (security_invoker = true) as
select e.connection_id, e.tenant_id, e.claim_key as key, e.claim_type as type, e.order_id, e.claim_amount as amount,
    e.claim_currency as currency,
    case when e.claim_key like 'RMB-%' and e.claim_amount <= 0 then 'denied'
        when e.posted_date > now() then 'pending' else 'approved' end as status,
    e.claim_description as description, coalesce(e.posted_date, e.window_from) as created_at, e.synced_at, e.id as place
from amazon_financial_events e
    join walk_windows w on w.connection_id = e.connection_id and w.resource = 'financial_events'
        and w.window_from = e.window_from and w.walk = e.walk
where e.claim_type is not null and e.deleted_at is null
    and not (exists (select from amazon_transactions t
            where t.connection_id = e.connection_id and t.posted_date <= coalesce(e.posted_date, w.window_to))
        and exists (select from amazon_transactions t
            where t.connection_id = e.connection_id and t.posted_date >= coalesce(e.posted_date, w.window_from)))
union all
select t.connection_id, t.tenant_id, t.claim_key, t.claim_type, t.order_id, coalesce(t.total_amount, 0), t.currency,
    case when t.claim_key like 'RMB-%' and coalesce(t.total_amount, 0) <= 0 then 'denied'
        when t.transaction_status ilike 'deferred' then 'pending' else 'approved' end,
    t.claim_description, t.posted_date, t.synced_at, t.id
from amazon_transactions t
where t.claim_type is not null and t.deleted_at is null and not exists (select from amazon_transactions r
    where r.connection_id = t.connection_id and r.releases = t.id and r.deleted_at is null);

create view amazon_told_claims with (security_invoker = true) as
select k.tenant_id, md5(concat_ws('/', k.tenant_id, k.user_id, k.key, k.nth))::uuid as id,
    (k.key || case when k.nth > 1 then '-' || k.nth else '' end)::varchar(255) as claim_id,
    k.user_id, k.order_id::varchar(255) as order_id, k.amount::numeric(10, 2) as amount,
    coalesce(k.currency, 'USD')::varchar(10) as currency, k.status::varchar(50) as status, k.type::varchar(100) as type,
    k.description, k.created_at, k.synced_at, amazon_is_sandbox(k.settings) as is_mock, amazon_scenario(k.settings) as mock_scenario
from (
    select s.*, c.owner_user_id as user_id, c.settings, row_number() over (partition by s.tenant_id, c.owner_user_id, s.key
        order by s.created_at, c.external_id collate "C", s.amount, s.order_id collate "C", s.place collate "C") as nth
    from amazon_claim_sources s join connections c on c.connection_id = s.connection_id) k;

create view amazon_claims with (security_invoker = true) as
select id, claim_id, user_id, order_id, amount, currency, status, type, description, created_at, synced_at, is_mock, mock_scenario
from amazon_told_claims;

grant select on amazon_orders, amazon_order_items, amazon_stocks, amazon_inventory, amazon_claim_sources, amazon_told_claims,
    amazon_claims to syncfleet_api, syncfleet_fleet;

-- ---- what its users watch: sync_progress ----

-- A user knows a sync as sync_<user>_<ms>: his external id (its MD5 where the whole would be above 255), and the moment that the sync's own id begins with. Of whoever has
-- several accounts, one request begins one in each of them, in that same millisecond: he sees one. Ownerless accounts are the
-- services'.
create index syncs_of_amazon on syncs (connection_id, sync_id) where provider = 'amazon';

create function amazon_sync_ms(p_sync_id uuid) returns bigint language sql immutable parallel safe
return ('x0000' || left(replace(p_sync_id::text, '-', ''), 12))::bit(64)::bigint;

create function amazon_sync_name(p_user text, p_sync_id uuid) returns text language sql immutable parallel safe
return 'sync_' || coalesce(case when octet_length(p_user) > 230 then md5(p_user) else p_user end, 'service') || '_' || amazon_sync_ms(p_sync_id);

create function amazon_first_of_ms(p_ms bigint) returns uuid language sql immutable parallel safe
return (lpad(to_hex(p_ms), 12, '0') || repeat('0', 20))::uuid;

create function amazon_syncs_named(p_tenant_id uuid, p_name text) returns uuid[] language sql stable
return (select array_agg(s.sync_id order by s.sync_id)
    from (select substring(p_name from '_([0-9]{1,14})$')::bigint as ms offset 0) n
        join syncs s on s.sync_id >= amazon_first_of_ms(n.ms) and s.sync_id < amazon_first_of_ms(n.ms + 1)
        join connections c on c.connection_id = s.connection_id
        left join users u on u.user_id = c.owner_user_id
    where s.tenant_id = p_tenant_id and s.provider = 'amazon' and amazon_sync_name(u.external_id, s.sync_id) = p_name);

create function amazon_latest_syncs(p_tenant_id uuid, p_user_id uuid) returns uuid[] language sql stable
return (select array_agg(s.sync_id order by s.sync_id)
    from connections c cross join lateral (select x.sync_id from syncs x
        where x.connection_id = c.connection_id and x.provider = 'amazon' order by x.sync_id desc limit 1) s
    where c.tenant_id = p_tenant_id and c.provider = 'amazon' and c.owner_user_id is not distinct from p_user_id
        and amazon_sync_ms(s.sync_id) = (select max(amazon_sync_ms(l.sync_id))
            from connections o cross join lateral (select x.sync_id from syncs x
                where x.connection_id = o.connection_id and x.provider = 'amazon' order by x.sync_id desc limit 1) l
            where o.tenant_id = p_tenant_id and o.provider = 'amazon' and o.owner_user_id is not distinct from p_user_id));

-- What a user calls the parts of a sync.
create function amazon_part(p_resource text) returns text language sql immutable parallel safe
return case when p_resource in ('financial_events', 'transactions') then 'claims'
    when p_resource in ('orders', 'order_items') then 'orders' else p_resource end;

-- The state of syncs that are one to their user. Five steps: connecting, claims, inventory, orders, done; the parts are walked
-- side by side, so the step is the first of them that has not ended. The progress is that of the tasks, by the records that
-- are expected, else by the pages so far; it is 100 only when all has ended well. Of claims their number is told, as they
-- stand, of the others the records that this sync has met.
create function amazon_progress(p_syncs uuid[])
returns table (status text, progress int, current_step text, step int, metadata jsonb, results jsonb, error text,
    created_at timestamptz, updated_at timestamptz, completed_at timestamptz) language sql stable
begin atomic
    with whole as (
        select case when bool_or(s.ended_at is null) then 'running' when bool_or(s.state = 'failed') then 'failed'
                when bool_or(s.state = 'cancelled') then 'cancelled' else 'completed' end as status,
            min(s.created_at) as created_at, case when bool_and(s.ended_at is not null) then max(s.ended_at) end as ended_at
        from syncs s where s.sync_id = any (p_syncs)),
    task as (
        select amazon_part(t.resource) as part, t.resource, t.connection_id, t.state, t.started_at, t.ended_at, t.error_message, t.page,
            t.records_inserted + t.records_updated + t.records_unchanged as records, p.expected_records as expected
        from sync_members m join sync_tasks t using (task_id) join task_progress p using (task_id)
        where m.sync_id = any (p_syncs)),
    claims as (
        select count(*) as n from amazon_claim_sources c
        where c.connection_id = any (array(select t.connection_id from task t where t.part = 'claims'))),
    part as (
        select t.part, bool_and(t.ended_at is not null) as ended,
            case when t.part = 'claims' then (select n from claims)
                else coalesce(sum(t.records) filter (where t.resource <> 'order_items'), 0) end as n,
            sum(t.expected) filter (where t.resource <> 'order_items') as expected,
            case when bool_or(t.state = 'failed') then 'failed' when bool_or(t.state = 'cancelled') then 'cancelled'
                when bool_and(t.state = 'completed') then 'success' when bool_or(t.started_at is not null) then 'running'
                else 'pending' end as status,
            string_agg(distinct t.error_message, '; ') filter (where t.state = 'failed') as error
        from task t group by t.part),
    sum as (
        select floor(100 * avg(case when t.ended_at is not null then 1
                when t.expected > 0 then least(0.95, t.records::numeric / t.expected)
                else 0.9 * t.page / (t.page + 10.0) end))::int as percent,
            bool_or(t.started_at is not null) as begun, coalesce(bool_or(t.page > 0 or t.ended_at is not null), false) as met
        from task t),
    told as (
        select w.*, s.percent, case when w.status = 'completed' then 5 when not coalesce(s.begun, false) then 0 when not s.met then 1
                when exists (select from part p where p.part = 'claims' and not p.ended) then 2
                when exists (select from part p where p.part = 'inventory' and not p.ended) then 3
                when exists (select from part p where p.part not in ('claims', 'inventory') and not p.ended) then 4
                else 5 end as step,
            (select string_agg(p.part || ': ' || coalesce(p.error, 'failed'), '; ' order by p.part) from part p where p.status = 'failed') as error,
            (select coalesce(jsonb_object_agg(p.part, jsonb_build_object('count', p.n, 'status', p.status)
                || case when p.error is null then '{}' else jsonb_build_object('error', p.error) end), '{}') from part p) as results
        from whole w cross join sum s)
    select t.status, case when t.status = 'completed' then 100 else least(coalesce(t.percent, 0), 99) end,
        case t.status when 'completed' then 'Sync completed' when 'cancelled' then 'Sync cancelled'
            when 'failed' then 'Sync failed: ' || coalesce(t.error, 'unknown')
            else (array['Waiting to start...', 'Connecting to Amazon...', 'Fetching claims...', 'Processing inventory...',
                'Fetching orders...', 'Finishing...'])[t.step + 1] end,
        t.step,
        jsonb_build_object('ordersProcessed', coalesce((select p.n from part p where p.part = 'orders'), 0),
            'totalOrders', coalesce((select greatest(p.expected, p.n) from part p where p.part = 'orders'), 0),
            'inventoryProcessed', coalesce((select p.n from part p where p.part = 'inventory'), 0),
            'claimsDetected', coalesce((select n from claims), 0), 'error', t.error),
        t.results, t.error, t.created_at, coalesce(t.ended_at, now()), t.ended_at
    from told t where t.created_at is not null;
end;

create view sync_progress with (security_invoker = true) as
select g.id, g.sync_id::varchar(255) as sync_id, g.user_id, p.status::varchar(50) as status, p.progress, p.current_step, p.step,
    5 as total_steps, p.metadata, p.created_at, p.updated_at
from (
    select (array_agg(s.sync_id order by s.sync_id))[1] as id, amazon_sync_name(u.external_id, (array_agg(s.sync_id))[1]) as sync_id,
        c.owner_user_id as user_id, array_agg(s.sync_id) as syncs
    from syncs s join connections c on c.connection_id = s.connection_id left join users u on u.user_id = c.owner_user_id
    where s.provider = 'amazon'
    group by s.tenant_id, c.owner_user_id, u.external_id, amazon_sync_ms(s.sync_id)) g
    cross join lateral amazon_progress(g.syncs) p;
grant select on sync_progress to syncfleet_api, syncfleet_fleet;

-- How long it will take, by how long the last three took; "30-60 seconds" while nothing is known.
create function amazon_duration(p_connections uuid[]) returns text language sql stable
return (select case when e.seconds > 90 then format('%s-%s minutes', greatest(1, floor(e.seconds / 90)), greatest(2, ceil(e.seconds / 45)))
        else format('%s-%s seconds', greatest(5, 5 * round(e.seconds * 2 / 15)), greatest(10, 5 * round(e.seconds * 4 / 15))) end
    from (select coalesce(avg(l.seconds), 45) as seconds from (
        select extract(epoch from s.ended_at - s.created_at) as seconds from syncs s
        where s.connection_id = any (p_connections) and s.provider = 'amazon' and s.state = 'completed'
        order by s.sync_id desc limit 3) l) e);

create function amazon_in_progress(p_name text) returns text language sql immutable
return json_build_object('success', false, 'message', format('Sync already in progress (%s). Please wait for it to complete or '
    'cancel it first.', p_name), 'error', 'sync_in_progress', 'existingSyncId', p_name)::text;

-- Begins a sync of all that the user's accounts have. All of them or none: what one account refuses undoes the others'.
create function amazon_sync_start(p_sync_id uuid, p_tenant_id uuid, p_user_id uuid, p_registry json, p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_user text := (select u.external_id from users u where u.user_id = p_user_id);
    v_resources text[] := array(select r from json_array_elements(p_registry -> 'providers') p,
        json_array_elements_text(p -> 'resources') r where p ->> 'provider' = 'amazon');
    v_connections uuid[] := array(select c.connection_id from connections c
        where c.tenant_id = p_tenant_id and c.provider = 'amazon' and c.owner_user_id is not distinct from p_user_id
            and c.status in ('active', 'suspect') order by c.connection_id);
    v_duration text := amazon_duration(v_connections);
    v_sync uuid := p_sync_id;
    v_connection uuid;
    a record;
begin
    if v_connections = '{}' or v_resources = '{}' then
        return query select 400, null::text, problem(400, 'amazon_not_connected',
            'Amazon account not connected. Please connect your Amazon account first.'), null::text;
        return;
    end if;
    begin
        foreach v_connection in array v_connections loop
            select x.* into a from accept_sync(v_sync, p_tenant_id, 'http', null, v_connection, 'amazon', v_resources,
                'incremental', p_traceparent, false, 'interactive', 'reject') x;
            if a.status <> 202 then
                raise sqlstate 'SF001';
            end if;
            v_sync := overlay(uuid_v7()::text placing left(p_sync_id::text, 13) from 1 for 13)::uuid;
        end loop;
    exception when sqlstate 'SF001' then
        null;
    end;
    if a.status = 409 and a.body::json ->> 'code' = 'sync_in_progress' then
        a.body := amazon_in_progress(amazon_sync_name(v_user, coalesce((a.body::json ->> 'sync_id')::uuid,
            (amazon_latest_syncs(p_tenant_id, p_user_id))[1])));
    elsif a.status = 202 then
        a.status := 200;
        a.location := null;
        a.body := json_build_object('success', true, 'syncId', amazon_sync_name(v_user, p_sync_id),
            'message', 'Sync started successfully', 'status', 'in_progress', 'estimatedDuration', v_duration)::text;
    end if;
    return query select a.status, a.location, a.body, a.dispatch;
end $$;

create function amazon_unknown_sync() returns text language sql immutable
return problem(404, 'sync_not_found', 'There is no such sync.');

create function amazon_sync_cancel(p_name text, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_syncs uuid[] := amazon_syncs_named(p_tenant_id, p_name);
    v_cancelled bigint;
    v_state text;
begin
    if v_syncs is null then
        return query select 404, null::text, amazon_unknown_sync(), null::text;
        return;
    end if;
    select count(*) filter (where x.status = 202) into v_cancelled from unnest(v_syncs) s(id), cancel_sync(s.id, p_tenant_id) x;
    if v_cancelled = 0 then
        select p.status into v_state from amazon_progress(v_syncs) p;
        return query select 409, null::text, problem(409, 'sync_already_ended', format('The sync has %s already.', v_state)), null::text;
        return;
    end if;
    return query select 200, null::text, json_build_object('success', true, 'syncId', p_name, 'message', 'Sync cancelled',
        'status', 'cancelled')::text, null::text;
end $$;

-- The fields of a cursor, or null when it is none: where a page ended, as hexadecimal text.
create function amazon_place(p_cursor text) returns text[] language plpgsql immutable as $$
begin
    return string_to_array(convert_from(decode(p_cursor, 'hex'), 'UTF8'), E'\x1f');
exception when others then
    return null;
end $$;

create function amazon_cursor(variadic p_fields text[]) returns text language sql immutable
return encode(convert_to(array_to_string(p_fields, E'\x1f'), 'UTF8'), 'hex');
