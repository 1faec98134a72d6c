"""The simulated Asterisk's REST, as far as the gateway uses it, and the media websocket."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from aiohttp import web

from tests.fakes.asterisk.media import WEBSOCKET_HEADER, RtpSender
from tests.fakes.asterisk.state import Bridge, Channel, Continued

if TYPE_CHECKING:
    from tests.fakes.asterisk.server import FakeAsterisk

# A leg enters Stasis a little after the answer to the request that made it.
ENTERS_AFTER_SECONDS = 0.002


def routes(fake: FakeAsterisk) -> list[web.AbstractRouteDef]:
    """Every address that is served."""
    rest = Rest(fake)
    return [
        web.get("/ari/events", fake.events.serve),
        web.get("/media/{connection}", rest.media),
        web.get("/ari/asterisk/info", rest.info),
        web.get("/ari/asterisk/ping", rest.ping),
        web.get("/ari/asterisk/modules/{name}", rest.module),
        web.get("/ari/applications/{app}", rest.application),
        web.get("/ari/channels", rest.list_channels),
        web.post("/ari/channels/externalMedia", rest.external_media),
        web.delete("/ari/channels/{id}", rest.hang_up),
        web.post("/ari/channels/{id}/answer", rest.answer),
        web.post("/ari/channels/{id}/continue", rest.go_on),
        web.post("/ari/channels/{id}/snoop/{snoop}", rest.snoop),
        web.post("/ari/channels/{id}/play/{playback}", rest.play),
        web.get("/ari/channels/{id}/variable", rest.get_variable),
        web.post("/ari/channels/{id}/variable", rest.set_variable),
        web.get("/ari/bridges", rest.list_bridges),
        web.post("/ari/bridges/{id}", rest.make_bridge),
        web.delete("/ari/bridges/{id}", rest.delete_bridge),
        web.post("/ari/bridges/{id}/addChannel", rest.join),
        web.get("/ari/playbacks/{id}", rest.playback),
        web.delete("/ari/playbacks/{id}", rest.stop),
    ]


class Rest:
    """The handlers."""

    def __init__(self, fake: FakeAsterisk) -> None:
        self._fake = fake
        self._connections: dict[str, Channel] = {}

    async def info(self, request: web.Request) -> web.Response:
        fake = self._fake
        system = {"version": fake.version, "entity_id": fake.entity_id}
        return web.json_response({"system": system, "status": {"startup_time": fake.startup_time}})

    async def ping(self, request: web.Request) -> web.Response:
        return web.json_response({"ping": "pong", "asterisk_id": self._fake.entity_id})

    async def module(self, request: web.Request) -> web.Response:
        status = self._fake.modules.get(request.match_info["name"])
        if status is None:
            return _refused(404, "Module not found in running modules")
        return web.json_response({"name": request.match_info["name"], "status": status})

    async def application(self, request: web.Request) -> web.Response:
        app = request.match_info["app"]
        channels = [channel.id for channel in self._fake.channels.values() if channel.app == app]
        return web.json_response({"name": app, "channel_ids": channels, "bridge_ids": []})

    async def list_channels(self, request: web.Request) -> web.Response:
        return web.json_response([channel.as_json() for channel in self._fake.channels.values()])

    async def list_bridges(self, request: web.Request) -> web.Response:
        return web.json_response([bridge.as_json() for bridge in self._fake.bridges.values()])

    async def answer(self, request: web.Request) -> web.Response:
        self._channel(request).state = "Up"
        return web.Response(status=204)

    async def snoop(self, request: web.Request) -> web.Response:
        caller = self._channel(request)
        query = request.query
        snoop = Channel(
            id=request.match_info["snoop"],
            name=f"Snoop/{caller.id}",
            app=query["app"],
            args=query.get("appArgs", "").split(","),
            state="Up",
            context="default",
            snoop_of=caller.id,
            variables={"spy": query.get("spy", "none"), "whisper": query.get("whisper", "none")},
        )
        self._make(snoop)
        self._soon(snoop)
        return web.json_response(snoop.as_json())

    async def external_media(self, request: web.Request) -> web.Response:
        query = request.query
        leg = Channel(query["channelId"], "", query["app"], state="Down", context="default")
        self._make(leg)
        if query["transport"] == "websocket":
            self._await_connection(leg)
        else:
            await self._start_rtp(leg, query["external_host"])
            self._soon(leg)
        return web.json_response(leg.as_json())

    async def hang_up(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        self._fake.hung_up.append((channel.id, request.query.get("reason_code", "")))
        if channel.audio is not None:
            # What stands in cause then is no Q.850 cause but the real one's internal flag.
            self._fake.hang_up(channel, cause=32, soft=True)
        else:
            self._fake.destroy(channel)
        return web.Response(status=204)

    async def go_on(self, request: web.Request) -> web.Response:
        channel, query = self._channel(request), request.query
        where = (query.get("context", ""), query.get("extension", ""), query.get("priority", ""))
        self._fake.continued.append(Continued(channel.id, *where, dict(channel.variables)))
        self._fake.leave(channel)
        self._fake.channels.pop(channel.id)
        return web.Response(status=204)

    async def get_variable(self, request: web.Request) -> web.Response:
        value = self._channel(request).variables.get(request.query["variable"])
        if value is None:
            return _refused(404, "Provided variable was not found")
        return web.json_response({"value": value})

    async def set_variable(self, request: web.Request) -> web.Response:
        self._channel(request).variables[request.query["variable"]] = request.query["value"]
        return web.Response(status=204)

    async def play(self, request: web.Request) -> web.Response:
        channel, playback_id = self._channel(request), request.match_info["playback"]
        if playback_id in self._fake.player.all:
            return _refused(409, "Playback with this id already exists")
        playback = self._fake.player.add(channel, playback_id, request.query["media"])
        body = {"id": playback.id, "media_uri": playback.media, "target_uri": f"channel:{channel.id}"}
        return web.json_response({**body, "language": "en", "state": "queued"}, status=201)

    async def playback(self, request: web.Request) -> web.Response:
        found = self._fake.player.all.get(request.match_info["id"])
        if found is None:
            return _refused(404, "Playback not found")
        return web.json_response({"id": found.id, "state": found.state})

    async def stop(self, request: web.Request) -> web.Response:
        found = self._fake.player.all.get(request.match_info["id"])
        if found is None:
            return _refused(404, "Playback not found")
        self._fake.player.stop(self._fake.channels[found.channel_id], found)
        return web.Response(status=204)

    async def make_bridge(self, request: web.Request) -> web.Response:
        bridge = Bridge(request.match_info["id"], request.query.get("name", ""))
        self._fake.bridges[bridge.id] = bridge
        return web.json_response(bridge.as_json())

    async def delete_bridge(self, request: web.Request) -> web.Response:
        if self._fake.bridges.pop(request.match_info["id"], None) is None:
            return _refused(404, "Bridge not found")
        return web.Response(status=204)

    async def join(self, request: web.Request) -> web.Response:
        bridge = self._fake.bridges.get(request.match_info["id"])
        if bridge is None:
            return _refused(404, "Bridge not found")
        wanted = request.query["channel"].split(",")
        for name in wanted:
            channel = self._fake.channels.get(name)
            if channel is None:
                return _refused(400, "Channel not found")
            if not channel.in_stasis:
                return _refused(422, "Channel not in Stasis application")
        bridge.channels.extend(name for name in wanted if name not in bridge.channels)
        self._fake.joins.append(wanted)
        return web.Response(status=204)

    async def media(self, request: web.Request) -> web.StreamResponse:
        """The media websocket of a leg; frames are written past aiohttp, which keeps hundreds of legs cheap."""
        leg = self._connections.pop(request.match_info["connection"], None)
        if leg is None or leg.id not in self._fake.channels:
            return _refused(404, "no such media connection")
        socket = web.WebSocketResponse(protocols=("media",))
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None
        leg.send = lambda frame: transport.write(WEBSOCKET_HEADER + frame)
        leg.close = transport.close
        self._fake.enter(leg)
        async for _ in socket:
            pass
        self._fake.destroy(leg)
        return socket

    def _await_connection(self, leg: Channel) -> None:
        connection = str(uuid.uuid4())
        leg.name = f"WebSocket/INCOMING/{connection[:8]}"
        leg.media_vars = {
            "MEDIA_WEBSOCKET_CONNECTION_ID": connection,
            "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": "160",
        }
        self._connections[connection] = leg

    async def _start_rtp(self, leg: Channel, target: str) -> None:
        host, _, port = target.rpartition(":")
        leg.name = f"UnicastRTP/{target}"
        loop = asyncio.get_running_loop()
        transport, sender = await loop.create_datagram_endpoint(RtpSender, remote_addr=(host, int(port)))
        leg.send, leg.close = sender.send, sender.close
        local = transport.get_extra_info("sockname")
        leg.media_vars = {"UNICASTRTP_LOCAL_ADDRESS": local[0], "UNICASTRTP_LOCAL_PORT": str(local[1])}

    def _channel(self, request: web.Request) -> Channel:
        channel = self._fake.channels.get(request.match_info["id"])
        if channel is None:
            raise web.HTTPNotFound(text='{"message": "Channel not found"}', content_type="application/json")
        return channel

    def _make(self, channel: Channel) -> None:
        if channel.id in self._fake.channels:
            raise web.HTTPConflict(text='{"message": "Channel with given unique ID already exists"}')
        self._fake.channels[channel.id] = channel

    def _soon(self, channel: Channel) -> None:
        asyncio.get_running_loop().call_later(ENTERS_AFTER_SECONDS, self._fake.enter, channel)


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
