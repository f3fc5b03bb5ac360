%% What a private node runs first (`erl -s file eval FILE`). It loads the modules of RabbitMQ and of its plugins all at once:
%% the broker needs them all, and would load one after another, for each of which Erlang copies its table of functions.
Keys = fun(App) ->
    case file:consult(code:where_is_file(atom_to_list(App) ++ ".app")) of
        {ok, [{application, App, Found}]} -> Found;
        _ -> []
    end
end.
{ok, [Plugins]} = file:consult(os:getenv("RABBITMQ_ENABLED_PLUGINS_FILE")).
Add = fun Add(App, Known) ->
    case maps:is_key(App, Known) of
        true -> Known;
        false ->
            Found = Keys(App),
            Needed = proplists:get_value(applications, Found, []),
            lists:foldl(Add, Known#{App => proplists:get_value(modules, Found, [])}, Needed)
    end
end.
Apps = lists:foldl(Add, #{}, [rabbit, rabbitmq_prelaunch | Plugins]).
code:ensure_modules_loaded(lists:append(maps:values(Apps))).

%% Once a minute RabbitMQ starts a second Erlang to see to it that the machine has an epmd: 0.4 s of processor time each. A
%% private node has started its own and no other program ends that, so nobody needs to look.
EndMonitor = fun EndMonitor() ->
    timer:sleep(1000),
    case catch supervisor:terminate_child(rabbit_sup, rabbit_epmd_monitor_sup) of
        ok -> ok;
        _ -> EndMonitor()
    end
end.
spawn(EndMonitor).
