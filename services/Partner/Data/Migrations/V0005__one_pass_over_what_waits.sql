-- The feed is ordered in one pass over the rows that wait; nothing looks them up by subject any more.
drop index partner.feed_waiting_subject;
