// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A token from before ERC-20 settled: `name` and `symbol` are bytes32, as MKR's are.
contract DevLegacyToken {
    event Transfer(address indexed from, address indexed to, uint256 amount);

    bytes32 public name;
    bytes32 public symbol;
    uint256 public totalSupply;
    mapping(address owner => uint256) public balanceOf;
    uint8 public immutable decimals;
    address private immutable minter;

    constructor(bytes32 name_, bytes32 symbol_, uint8 decimals_, address minter_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
        minter = minter_;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        emit Transfer(msg.sender, to, amount);
        return true;
    }

    function mint(address to, uint256 amount) external {
        require(msg.sender == minter, "not the minter");
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }
}
