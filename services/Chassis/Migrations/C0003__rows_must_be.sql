-- Ends a transaction whose write touched other rows than it should: so the server looks at the count, and the commit need not wait for whoever asked.
create function {schema}.rows_must_be(touched bigint, expected bigint) returns bigint language plpgsql as $$
begin
    if touched <> expected then raise exception 'A write touched % rows where % must be', touched, expected using errcode = 'BP001'; end if;
    return touched;
end $$;
