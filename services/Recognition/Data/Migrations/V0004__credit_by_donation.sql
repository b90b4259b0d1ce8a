-- A donation may have several lines now, so its number is no unique key any more; every collection and correction asks for it.
create index credit_of_donation on recognition.credit (din);
